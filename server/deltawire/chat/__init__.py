"""The core: a turn, from its admission to its one end, and the socket that runs several."""
