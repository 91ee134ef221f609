"""Runs of other processes: asked for by messages, and read from a stream that exists only while somebody reads it."""
