"""The HTTP and WebSocket protocols that uvicorn runs instead of its own, which lack these bounds and closes.

In uvicorn's protocols, a send and a close wait as long as a client does not read. Here `end` closes a socket, and
aborts the transport when the client does not read the close frame. uvicorn bounds neither the time of a handshake nor
the size of its headers: both are bounded here, for HTTP as well. uvicorn cuts every socket when it stops: here the
server drains first.
"""
