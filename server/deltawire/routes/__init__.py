"""The routes: each parses a request, calls the core, and encodes the answer."""
