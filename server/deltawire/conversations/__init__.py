"""Stored conversations: trees of messages in SQLite or PostgreSQL, each with one owner."""
