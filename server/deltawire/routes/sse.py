"""The writer of server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Final, get_args

from litestar.types import Message, Scope, Send

from deltawire.chat.peer import PeerSlow
from deltawire.chat.states import Reason
from deltawire.chat.turn import Turn
from deltawire.protocol.frames import Delta, ErrorFrame, NumberedFrame, PictureFrame, TurnFrame, Usage, encode
from deltawire.routes.connection import http_link
from deltawire.telemetry.metrics import Metrics
from deltawire.transport.link import room_within

EventsOf = Callable[[TurnFrame], bytes]
"""A function that returns the events of a frame."""

_HEARTBEAT_SECONDS: Final = 15.0
PIECE_BYTES: Final = 2**16
"""The bytes of a long event or answer that are sent at once: its client has the send timeout for each such piece."""
_EVENT_NAMES: Final[dict[type, bytes]] = {
    kind: str(kind.__struct_config__.tag).encode() for kind in get_args(NumberedFrame)
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
        self._head: Message | None = None
        """The head of the response, while it waits for the first event."""
        self._head_lock = asyncio.Lock()
        self._silence: asyncio.TimerHandle | None = None
        """The end of the silence after which a comment is sent."""
        self._is_midway = False
        """True while a part of an event is sent: no comment may come before its rest."""
        self._comment: asyncio.Task[None] | None = None

    async def run(self, turn: Turn, fields: dict[str, str]) -> None:
        """Send the whole response, with these header fields too."""
        async with self.open(fields):
            await self._send_frames(turn, event_of)

    async def run_late(
        self,
        turn: Turn,
        fields: dict[str, str],
        events_of: EventsOf,
        before_end: Callable[[], Awaitable[None]] | None = None,
    ) -> ErrorFrame | None:
        """Send the whole response, from its first event on; a client that waits long gets its head before that.

        Return the error of a turn that failed before anything was sent: its response can still have a status.
        `before_end` is done before the last frame of a turn that ended well.
        """
        async with self.open(fields, late=True):
            return await self._send_frames(turn, events_of, before_end)

    @asynccontextmanager
    async def open(self, fields: dict[str, str], *, late: bool = False) -> AsyncIterator[None]:
        """Send the head of the response, and its end; abort when its client is too slow.

        With `late`, the head waits for the first event or comment; where none comes, nothing is sent.
        """
        headers = [*_HEADERS, *((name.encode(), value.encode()) for name, value in fields.items())]
        self._head = {"type": "http.response.start", "status": 200, "headers": headers}
        if not late:
            await self._begin()
        self._await_silence()
        try:
            yield
            if self._head is None:
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        except PeerSlow:
            self._link.abort()
        finally:
            self._end_comments()

    async def _begin(self) -> None:
        """Send the head, if it was not sent before."""
        async with self._head_lock:
            if self._head is not None:
                await self._send(self._head)
                self._head = None

    async def _send_frames(
        self, turn: Turn, events_of: EventsOf, before_end: Callable[[], Awaitable[None]] | None = None
    ) -> ErrorFrame | None:
        error, is_long = None, False
        async with aclosing(turn.frames(partial(self._send_delta, events_of))) as frames:
            try:
                async for frame in frames:
                    if before_end is not None and isinstance(frame, Usage):
                        await before_end()
                    if self._head is not None and isinstance(frame, ErrorFrame):
                        self._end_comments()  # from now on the head is not sent
                        error = frame
                        continue
                    # `isinstance` would be a call for each frame. The last events of a response have its pictures, too.
                    is_long = is_long or frame.__class__ is PictureFrame
                    # A frame without events is not a write: the next comment must come in time.
                    # A lost connection also has room; `while_connected` learns of it later.
                    if (events := events_of(frame)) and not (
                        await self._write_long(events)
                        if is_long
                        else self.write_now(events) or await self.write(events)
                    ):
                        turn.leave(Reason.CLIENT_GONE)
            except PeerSlow:  # before the frames are closed, which takes the first reason that it finds
                turn.leave(Reason.SLOW_CLIENT)
                raise
        return error

    def _send_delta(self, events_of: EventsOf, delta: Delta) -> bool:
        """Send a delta without waiting; return False when the head or the client's reading has to come first.

        This is known before its events are made: `events_of` counts them.
        """
        if self._head is not None or not self._link.has_room:
            return False
        if events := events_of(delta):
            self._last_write = self._loop.time()
            self._link.write_piece(events)
        return True

    def write_now(self, event: bytes) -> bool:
        """Send an event without waiting; return False when the head or the client's reading has to come first."""
        if self._head is not None or not self._link.has_room:
            return False
        self._last_write = self._loop.time()
        self._link.write_piece(event)
        return True

    async def write(self, event: bytes) -> bool:
        """Send an event when the client has room for it; return False when it has left. Raise `PeerSlow`."""
        is_there = True
        if self._head is not None:
            await self._begin()
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

    async def _write_long(self, events: bytes) -> bool:
        """Send events of any length, in pieces; as `write` otherwise."""
        self._is_midway = True
        try:
            for start in range(0, len(events), PIECE_BYTES):
                piece = events[start : start + PIECE_BYTES]
                if not (self.write_now(piece) or await self.write(piece)):
                    return False
        finally:
            self._is_midway = False
        return True

    def _await_silence(self) -> None:
        """Write a comment after each stretch of silence, so that no proxy takes it for a dead connection."""
        silence = self._loop.time() - self._last_write
        if silence >= _HEARTBEAT_SECONDS:
            silence = 0.0
            self._comment = self._loop.create_task(self._write_comment())
        self._silence = self._loop.call_later(_HEARTBEAT_SECONDS - silence, self._await_silence)

    async def _write_comment(self) -> None:
        await self._begin()
        if not self._is_midway:
            self._last_write = self._loop.time()
            self._link.write_piece(b": \n\n")

    def _end_comments(self) -> None:
        """Send no more comments. This breaks reference cycles: the timer and the task refer to this object."""
        if self._silence is not None:
            self._silence.cancel()
        if self._comment is not None:
            self._comment.cancel()
        self._silence = self._comment = None


def event_of(frame: NumberedFrame, run: str | None = None) -> bytes:
    """Return a frame as an event; that of a run has the run and the frame's number as its id."""
    event = b"event: %b\ndata: %b\n\n" % (_EVENT_NAMES[type(frame)], encode(frame))
    return event if run is None else b"id: %b\n%b" % (f"{run}:{frame.seq}".encode(), event)
