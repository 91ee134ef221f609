"""Limits that several processes share, counted in Redis or Valkey."""
