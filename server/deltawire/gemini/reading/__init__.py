"""The reading of a response: its bytes in, events out. No I/O."""
