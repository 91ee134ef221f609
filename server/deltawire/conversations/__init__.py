"""Conversations that last: trees of messages in SQLite or PostgreSQL, each an owner's own."""
