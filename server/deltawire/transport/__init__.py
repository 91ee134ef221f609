"""The protocols that uvicorn is given: they add the bounds and the closes that its own protocols lack.

uvicorn's `send` and its close wait for as long as a client does not read. Here `end` closes a socket, and aborts the
transport when the client does not read the close frame. uvicorn bounds neither the time of a handshake nor the size of
its headers: both are bounded here, for HTTP as well. uvicorn cuts every socket when it stops: here it drains first.
"""
