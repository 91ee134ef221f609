"""Runs: turns that may outlive their connection, because their client asked for grace."""
