"""The timeout of a response whose client does not read."""

import asyncio
import socket
from array import array
from contextlib import suppress
from fcntl import ioctl
from termios import TIOCOUTQ
from typing import Final

MIN_PROGRESS_BYTES: Final = 2**16
"""A client that takes less than this in a whole timeout, while more is waiting, counts as one that does not read."""


class SendClock:
    """A timer that aborts a connection whose client does not read, or reads too slowly.

    It runs while bytes are waiting in the transport. In each timeout the client must take all of them, or at least
    `MIN_PROGRESS_BYTES`.
    """

    def __init__(self, transport: asyncio.Transport, timeout: float) -> None:
        """`timeout` is in seconds."""
        self.written = 0
        """Bytes given to the transport under this clock."""
        self._transport = transport
        self._timeout = timeout
        self._taken = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start the timeout, unless no bytes are waiting or it runs already."""
        if self._timer is None and self._transport.get_write_buffer_size():
            self._taken = self._taken_by_now()
            self._timer = asyncio.get_running_loop().call_later(self._timeout, self._check)

    def restart(self) -> None:
        """Start the timeout anew."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """Cancel the timeout."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        self._timer = None
        if self._transport.get_write_buffer_size():
            if self._taken_by_now() - self._taken < MIN_PROGRESS_BYTES:
                self._transport.abort()
            else:
                self.start()

    def _taken_by_now(self) -> int:
        """Return how many bytes of `written` the client's machine has acknowledged."""
        return self.written - self._transport.get_write_buffer_size() - _unacknowledged(self._transport)


def _unacknowledged(transport: asyncio.Transport) -> int:
    """Return the number of bytes that the kernel has taken and the other side has not acknowledged.

    The kernel takes more only when a third of its buffer is free: megabytes, between two machines that are close.
    Without this number a client that reads slowly would look like one that does not read.
    """
    connection: socket.socket | None = transport.get_extra_info("socket")
    size = array("i", [0])
    if connection is not None:
        with suppress(OSError):
            ioctl(connection.fileno(), TIOCOUTQ, size)
    return size[0]
