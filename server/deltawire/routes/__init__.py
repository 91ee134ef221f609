"""The shells: parse, call, encode."""
