"""uvicorn, set up for sockets: what it does not bound or end by itself.

Its `send` waits for as long as a client does not read, and so does its close: a socket that must end is
closed by `end`, which aborts the transport when the close frame finds no reader. A handshake may take
forever and its headers may be of any size: both are bounded here, for HTTP as well. And it cuts every
socket when it is told to stop: here it drains first.
"""
