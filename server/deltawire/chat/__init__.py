"""The core: a turn, from its acceptance to its one end, and the socket that runs several."""
