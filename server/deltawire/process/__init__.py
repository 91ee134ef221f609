"""The life of a process: it listens, takes signals, starts workers, and drains."""
