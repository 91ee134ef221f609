"""The wire: frames, errors and close codes, read and written without I/O."""
