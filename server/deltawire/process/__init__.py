"""The server process: listening sockets, signals, workers, and the drain."""
