"""Read the bytes of a socket in steps of the event loop, so that a client who sends much does not delay the others."""

import asyncio
from collections.abc import Iterator
from typing import Final, Protocol

from deltawire.aio.fair_queue import FairQueue
from deltawire.protocol.errors import Failure
from deltawire.transport.socket_reader import Received, SocketReader


class Receiver(Protocol):
    """The socket whose bytes are read."""

    transport: asyncio.Transport

    @property
    def is_full(self) -> bool:
        """True while its handler has not taken the last message."""
        ...

    def take(self, received: Received) -> None:
        """Take a message or a control frame, or end."""
        ...

    def end(self, code: int, reason: str) -> None:
        """Close the socket."""
        ...


class Incoming:
    """The bytes of one socket. A step reads one message, or many smaller frames."""

    __slots__ = ("_arrived", "_fair", "_is_waiting", "_next", "_reading", "_socket", "caller", "reader")

    def __init__(self, socket: Receiver, reader: SocketReader, fair: FairQueue) -> None:
        """Read by `reader`. What a caller sends on all sockets goes through `fair`."""
        self.caller = ""
        """The name of its caller; empty where there is none, or none yet."""
        self.reader: Final = reader
        self._arrived = b""
        """Bytes that wait for their step."""
        self._fair = fair
        self._is_waiting = False
        self._next: Received | None = None
        """A message that was read in the step before."""
        self._reading: Iterator[Received | None] | None = None
        """The reading of bytes that take more than one step."""
        self._socket = socket

    def add(self, data: bytes) -> None:
        """Read the data, now or in a later step."""
        self._arrived += data
        if self._is_waiting:
            return  # data that was on its way when reading was paused
        if not self.caller or self._fair.may_begin(self.caller):
            self._read()
        else:
            self._wait()

    def resume(self) -> None:
        """Read on, because the handler has taken the last message: at once, or when what has arrived is read."""
        if not self._is_waiting:
            self._socket.transport.resume_reading()

    def close(self) -> None:
        """Drop what the client has sent."""
        self._reading = self._next = None
        self._arrived = b""
        self.reader.close()

    def _wait(self) -> None:
        self._is_waiting = True
        self._socket.transport.pause_reading()
        self._fair.add(self.caller, self._read_on)

    def _read_on(self) -> None:
        self._is_waiting = False
        transport = self._socket.transport
        if transport.is_closing():
            return  # what it has sent is dropped already, or will be
        self._read()
        if not self._is_waiting and not self._socket.is_full and not transport.is_closing():
            transport.resume_reading()

    def _read(self) -> None:
        """Take what has come, until the step ends: before a second message, or where the reader pauses."""
        if self._reading is None:
            data, self._arrived = self._arrived, b""
            self._reading = self.reader.read(data, asyncio.get_running_loop().time())
        first, self._next = self._next, None
        if first is not None:
            self._socket.take(first)
        for received in self._reading:
            kind = type(received)
            is_message = kind is str or kind is bytes
            if received is None or (is_message and first is not None):
                self._next = received
                self._wait()
                return
            if is_message:
                first = received
            self._socket.take(received)
        self._reading = None
        if self._arrived:
            self._wait()
        if self.reader.is_closing:
            return
        try:
            self.reader.count_unfinished(self.caller)
        except Failure:
            self._socket.end(1013, "too many unfinished messages")
