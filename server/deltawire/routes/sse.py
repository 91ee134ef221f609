"""The writer of server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Final

from litestar.types import Scope, Send

from deltawire.chat.peer import PeerSlow
from deltawire.chat.states import Reason
from deltawire.chat.turn import Turn
from deltawire.protocol.frames import Delta, ErrorFrame, NumberedFrame, Started, Thought, Usage, encode
from deltawire.routes.connection import http_link
from deltawire.telemetry.metrics import Metrics
from deltawire.transport.link import room_within

_HEARTBEAT_SECONDS: Final = 15.0
_EVENT_NAMES: Final = {
    Started: b"started",
    Delta: b"delta",
    Thought: b"thought",
    Usage: b"usage",
    ErrorFrame: b"error",
}
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class EventStream:
    """Writes frames as server-sent events."""

    def __init__(self, scope: Scope, send: Send, send_timeout: float, metrics: Metrics) -> None:
        """`send_timeout` is the time, in seconds, that a send may wait for the client to read."""
        self._send = send
        self._send_timeout = send_timeout
        self._metrics = metrics
        self._link = http_link(scope)
        self._loop = asyncio.get_running_loop()
        self._last_write = self._loop.time()

    async def run(self, turn: Turn, fields: dict[str, str]) -> None:
        """Send the whole response, with these header fields too."""
        async with self.open(fields), aclosing(turn.frames()) as frames:
            async for frame in frames:
                try:
                    # A lost connection also has room; `while_connected` learns of it later.
                    if not await self.write(event_of(frame)):
                        turn.leave(Reason.CLIENT_GONE)
                except PeerSlow:
                    turn.leave(Reason.SLOW_CLIENT)
                    raise

    @asynccontextmanager
    async def open(self, fields: dict[str, str]) -> AsyncIterator[None]:
        """Send the head of the response, and its end; abort when its client is too slow."""
        headers = [*_HEADERS, *((name.encode(), value.encode()) for name, value in fields.items())]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        heart = self._loop.create_task(self._beat())
        try:
            yield
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        except PeerSlow:
            self._link.abort()
        finally:
            heart.cancel()

    def write_now(self, event: bytes) -> bool:
        """Send an event without waiting; return False when the client has to read first."""
        if not self._link.has_room:
            return False
        self._last_write = self._loop.time()
        self._link.write_piece(event)
        return True

    async def write(self, event: bytes) -> bool:
        """Send an event when the client has room for it; return False when it has left. Raise `PeerSlow`."""
        is_there = True
        if not self._link.has_room:
            self._metrics.send_waits.inc()
            try:
                await room_within(self._link, self._send_timeout)
            except TimeoutError:
                raise PeerSlow from None
            is_there = not self._link.is_gone
        self._last_write = self._loop.time()
        self._link.write_piece(event)
        return is_there

    async def _beat(self) -> None:
        """Write a comment after each stretch of silence, so that no proxy takes it for a dead connection."""
        while True:
            silence = self._loop.time() - self._last_write
            if silence >= _HEARTBEAT_SECONDS:
                silence = 0.0
                self._last_write = self._loop.time()
                self._link.write_piece(b": \n\n")
            await asyncio.sleep(_HEARTBEAT_SECONDS - silence)


def event_of(frame: NumberedFrame, run: str | None = None) -> bytes:
    """Return a frame as an event; that of a run has the run and the frame's number as its id."""
    event = b"event: %b\ndata: %b\n\n" % (_EVENT_NAMES[type(frame)], encode(frame))
    return event if run is None else b"id: %b\n%b" % (f"{run}:{frame.seq}".encode(), event)
