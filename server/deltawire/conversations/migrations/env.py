"""Alembic's way into the database: the connection that `migrate` hands over."""

from alembic import context
from sqlalchemy import text

from deltawire.conversations.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA)
with context.begin_transaction():
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(4927161838)"))  # a number of ours: one migrates at a time
    context.run_migrations()
