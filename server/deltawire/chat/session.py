"""One socket: many turns at once, one memory, and nothing left running when it is gone.

The reader never stops and never waits on anything but the next frame: that is how a close is seen
while turns wait on the upstream or on a client that does not read. So each turn runs in a task of its
own, and so does a reply for which there is no room.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import aclosing
from typing import Final, Protocol

import msgspec
import structlog

from deltawire.aio.watchdog import Watchdog
from deltawire.chat.admission import Admission
from deltawire.chat.history import HistoryPool
from deltawire.chat.turn import Turn
from deltawire.identity.socket_identity import SocketIdentity
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import (
    Auth,
    Cancel,
    Chat,
    Delta,
    ErrorFrame,
    FrameDown,
    claimed_id,
    decode,
    encode,
    error_frame,
)
from deltawire.telemetry.logs import where
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.request_context import RequestContext

log = structlog.get_logger(__name__)

_MAX_WAITING_REPLIES: Final = 64
_DOORS: Final = {
    1001: "idle",
    1002: "broken_frame",
    1007: "broken_frame",
    1008: "flood",
    1009: "broken_frame",
    1011: "bug",
    1012: "drain",
    4008: "slow_client",
}
"""What the log calls the ways in which the server ends a socket, by the close code."""


class PeerGone(Exception):
    """The client is no longer there."""


class PeerSlow(Exception):
    """The client has not read for as long as a send may wait."""


class Peer(Protocol):
    """The client's end of a socket, as the session needs it."""

    @property
    def via(self) -> RequestContext:
        """How its questions come."""
        ...

    @property
    def ended_with(self) -> int | None:
        """The code with which the server closed the socket; None while it has not."""
        ...

    def receive(self) -> Awaitable[str | bytes | None]:
        """The next message, text or binary; None when the socket is closed."""
        ...

    def send(self, frame: bytes) -> Awaitable[None]:
        """Send one text message of UTF-8; raise `PeerGone` or `PeerSlow`."""
        ...

    def send_now(self, frame: bytes) -> bool:
        """Send without waiting; False when the client has to read first."""
        ...

    def end(self, code: int, reason: str) -> None:
        """Close the socket with this code, without waiting; `receive` then returns None."""
        ...


class SocketBounds(msgspec.Struct, frozen=True, kw_only=True):
    """What one socket may do."""

    turns: int
    idle_timeout: float
    """Seconds with no frame from the client and no turn."""


class Session:
    """One client's socket, from its first frame to its last."""

    def __init__(
        self,
        peer: Peer,
        guest: SocketIdentity,
        admission: Admission,
        histories: HistoryPool,
        bounds: SocketBounds,
        metrics: Metrics,
    ) -> None:
        """Make it in the event loop that runs it."""
        self._peer = peer
        self._guest = guest
        self._admission = admission
        self._histories = histories
        self._history = histories.open()
        self._bounds = bounds
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._turns: dict[str, Turn] = {}
        # A dict, because it is empty most of the time, and then a third of a set.
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._waiting_replies = 0
        self._idle = Watchdog(self._went_idle)
        self._draining = False

    async def run(self) -> None:
        """Serve the socket until it closes; then close every upstream stream of it."""
        try:
            self._stay_awake()
            while (message := await self._peer.receive()) is not None:
                self._stay_awake()
                self._take(message)
        except Exception as bug:  # noqa: BLE001 - no turn of this socket may outlive its reader
            log.error("bug", error=type(bug).__name__, where=where(bug))  # noqa: TRY400 - no stack traces
            self._peer.end(1011, "internal error")
        finally:
            await self._leave()

    def drain(self) -> None:
        """End the socket as soon as none of its turns runs; it is the admission that refuses new ones."""
        self._draining = True
        self._end_if_drained()

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self._reply(error_frame(Failure("invalid_frame", "Frames are text messages; this one was binary.")))
            return
        try:
            frame = decode(message)
        except Failure as failure:
            name, is_chat = claimed_id(message)
            self._refuse(failure, name, starts=is_chat)
            return
        if isinstance(frame, Chat):
            self._start(frame)
        elif isinstance(frame, Auth):
            self._renew(frame)
        else:
            self._cancel(frame)

    def _start(self, chat: Chat) -> None:
        if chat.id in self._turns:
            self._refuse(Failure("duplicate_turn", field="id"), chat.id, starts=False)
            return
        try:
            if len(self._turns) >= self._bounds.turns:
                raise Failure("too_many_turns", retry_after=1.0)
            turn = self._admission.accept(chat, self._history.messages(), self._guest.caller(), self._peer.via)
        except Failure as failure:
            self._refuse(failure, chat.id, starts=True)
            return
        self._turns[turn.id] = turn
        task = self._spawn(self._run(turn, chat))
        task.add_done_callback(lambda _: turn.close())

    def _cancel(self, cancel: Cancel) -> None:
        if cancel.id is None:
            for turn in self._turns.values():
                turn.stop()
        elif (named := self._turns.get(cancel.id)) is not None:
            named.stop()
        else:
            self._refuse(Failure("unknown_turn", field="id"), cancel.id, starts=False)

    def _renew(self, auth: Auth) -> None:
        """Take a fresh token at once, so that it counts for the next frame; only a new key has to be waited for."""
        try:
            if not self._guest.renew(auth.token):
                self._spawn(self._renew_later(auth))
        except Failure as failure:
            self._reply(error_frame(failure))

    async def _renew_later(self, auth: Auth) -> None:
        try:
            await self._guest.renew_later(auth.token)
        except Failure as failure:
            self._reply(error_frame(failure))

    async def _run(self, turn: Turn, chat: Chat) -> None:
        """Send a turn's frames, each when the client has room for it."""
        is_remembered = chat.history is None and chat.conversation is None
        delivered = self._histories.draft() if is_remembered else None
        try:
            async with aclosing(turn.frames()) as frames:
                async for frame in frames:
                    try:
                        message = encode(frame)
                        if not self._peer.send_now(message):
                            await self._peer.send(message)
                    except PeerSlow:
                        turn.leave_by("slow_client")
                        raise
                    if delivered is not None and type(frame) is Delta:
                        delivered.add(frame.text)
        except PeerGone:
            pass
        except PeerSlow:
            self._peer.end(4008, "too slow")
        finally:
            del self._turns[turn.id]
            if turn.refusal is not None:
                self._metrics.refused.labels(turn.refusal).inc()
            self._stay_awake()
            if delivered is not None:
                self._histories.add(self._history, chat.message, delivered.text())
            self._end_if_drained()

    def _refuse(self, failure: Failure, name: str | None, *, starts: bool) -> None:
        """Answer a frame with an error. Only one that refuses a new turn carries that turn's id."""
        refused = name if starts and name not in self._turns else None
        self._reply(error_frame(failure, turn=refused, ref=None if refused else name))

    def _reply(self, frame: FrameDown) -> None:
        """Send now if there is room, or in a task that waits for it; never wait here."""
        if isinstance(frame, ErrorFrame):
            self._metrics.refused.labels(frame.code).inc()
        message = encode(frame)
        if self._waiting_replies == 0 and self._peer.send_now(message):
            return
        if self._waiting_replies >= _MAX_WAITING_REPLIES:
            self._peer.end(4008, "too slow")
            return
        self._waiting_replies += 1
        self._spawn(self._send_reply(message))

    async def _send_reply(self, message: bytes) -> None:
        try:
            await self._peer.send(message)
        except PeerGone:
            pass
        except PeerSlow:
            self._peer.end(4008, "too slow")
        finally:
            self._waiting_replies -= 1

    def _spawn(self, coroutine: "asyncio._CoroutineLike[None]") -> asyncio.Task[None]:
        task = self._loop.create_task(coroutine)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
        return task

    def _stay_awake(self) -> None:
        self._idle.set(self._loop.time() + self._bounds.idle_timeout)

    def _went_idle(self) -> None:
        if self._turns:
            self._stay_awake()
        else:
            self._peer.end(1001, "idle for too long")

    def _end_if_drained(self) -> None:
        if self._draining and not self._turns:
            self._peer.end(1012, "the server stops")

    async def _leave(self) -> None:
        door = _DOORS.get(self._peer.ended_with or 0, "client_gone")
        for turn in self._turns.values():
            turn.leave_by(door)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._idle.cancel()
        self._histories.close(self._history)
