"""Alembic's environment: it runs the migrations on the connection that `migrate` passes."""

from alembic import context
from sqlalchemy import text

from deltawire.conversations.tables import METADATA

connection = context.config.attributes["connection"]
# All of them in one transaction, on SQLite too: otherwise another process could run between two of them, and repeat
# the second.
context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
with context.begin_transaction():
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(4927161838)"))  # any constant: one migrates at a time
    context.run_migrations()
