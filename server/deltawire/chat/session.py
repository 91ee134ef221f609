"""One socket: it runs many turns at once and has one history. When it closes, all its tasks end.

The reader waits for nothing but the next frame. So it sees a close at once, even while turns wait for the upstream or
for a client that does not read. Each turn therefore runs in a task of its own, and so does a reply when the send buffer
is full.
"""

import asyncio
from contextlib import aclosing
from typing import Final

import msgspec
import structlog

from deltawire.aio.watchdog import Watchdog
from deltawire.chat.admission import Admission
from deltawire.chat.history import SocketHistory
from deltawire.chat.peer import Peer, PeerGone, PeerSlow
from deltawire.chat.states import Reason
from deltawire.chat.turn import Turn
from deltawire.identity.socket_identity import SocketIdentity
from deltawire.protocol import close_codes
from deltawire.protocol.errors import Failure, spread
from deltawire.protocol.frames import (
    Auth,
    Cancel,
    Chat,
    Delta,
    FrameDown,
    claimed_id,
    claimed_ref,
    decode,
    encode,
)
from deltawire.telemetry.logs import where
from deltawire.telemetry.refusals import Refusals

log = structlog.get_logger(__name__)

_MAX_WAITING_REPLIES: Final = 64


class SocketBounds(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of one socket."""

    turns: int
    idle_timeout: float
    """Seconds with no frame from the client and no turn."""


class Session:
    """One client's socket, from its first frame to its last."""

    def __init__(
        self,
        peer: Peer,
        identity: SocketIdentity,
        admission: Admission,
        history: SocketHistory,
        bounds: SocketBounds,
        refusals: Refusals,
    ) -> None:
        """Make it in the event loop that runs it."""
        self._peer = peer
        self._identity = identity
        self._admission = admission
        self._history = history
        self._bounds = bounds
        self._refusals = refusals
        self._turns: dict[str, Turn] = {}
        # A dict, because it is empty most of the time, and then a third of a set.
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._waiting_replies = 0
        self._idle = Watchdog(self._end_if_idle)
        self._draining = False

    async def run(self) -> None:
        """Serve the socket until it closes; then close every upstream stream of it."""
        try:
            self._stay_awake()
            while (message := await self._peer.receive()) is not None:
                self._stay_awake()
                self._receive(message)
        except Exception as bug:  # noqa: BLE001 - no turn of this socket may outlive its reader
            log.error("bug", error=type(bug).__name__, where=where(bug))  # noqa: TRY400 - no stack traces
            self._peer.end(1011, "internal error")
        finally:
            await self._leave()

    def drain(self) -> None:
        """End the socket as soon as none of its turns runs. `Admission` refuses new ones."""
        self._draining = True
        self._end_if_drained()

    def _receive(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self._refuse(Failure("invalid_frame", "Frames are text messages; this one was binary."))
            return
        try:
            frame = decode(message)
        except Failure as failure:
            name, is_chat = claimed_id(message)
            self._refuse(failure, name, starts=is_chat, said=claimed_ref(message))
            return
        if isinstance(frame, Chat):
            self._start(frame)
        elif isinstance(frame, Auth):
            self._renew(frame)
        else:
            self._cancel(frame)

    def _start(self, chat: Chat) -> None:
        if chat.id in self._turns:
            self._refuse(Failure("duplicate_turn", field="id"), chat.id, said=chat.ref)
            return
        try:
            if len(self._turns) >= self._bounds.turns:
                raise Failure("too_many_turns", retry_after=spread(1.0))
            turn = self._admission.turn(chat, self._history.messages(), self._identity.caller(), self._peer.context)
        except Failure as failure:
            self._refuse(failure, chat.id, starts=True, said=chat.ref)
            return
        self._turns[turn.id] = turn
        # A task that is cancelled before its first step never enters the turn's context.
        self._spawn(self._run(turn, chat)).add_done_callback(lambda _: turn.close())

    def _cancel(self, cancel: Cancel) -> None:
        if cancel.id is None:
            for turn in self._turns.values():
                turn.cancel(Reason.USER_CANCEL)
        elif (named := self._turns.get(cancel.id)) is not None:
            named.cancel(Reason.USER_CANCEL)
        else:
            self._refuse(Failure("unknown_turn", field="id"), cancel.id)

    def _renew(self, auth: Auth) -> None:
        """Take a fresh token at once, so that it counts for the next frame; in a task if its key must be fetched."""
        try:
            if not self._identity.renew(auth.token):
                self._spawn(self._renew_later(auth))
        except Failure as failure:
            self._refuse(failure)

    async def _renew_later(self, auth: Auth) -> None:
        try:
            await self._identity.renew_later(auth.token)
        except Failure as failure:
            self._refuse(failure)

    async def _run(self, turn: Turn, chat: Chat) -> None:
        """Send a turn's frames, each when there is room for it; then add what was delivered to the socket's history."""
        draft = self._history.draft() if chat.history is None and chat.conversation is None else None
        try:
            async with turn:
                await turn.begin()
                async with aclosing(turn.frames()) as frames:
                    async for frame in frames:
                        message = encode(frame)
                        if not self._peer.send_now(message):
                            await self._send_later(turn, message)
                        if draft is not None and type(frame) is Delta:
                            draft.add(frame.text)
        except Failure as failure:
            self._reply(self._refusals.frame(failure, turn=turn.id, said=chat.ref))
        except PeerGone:
            pass
        except PeerSlow:
            self._peer.end(4008, "too slow")
        finally:
            del self._turns[turn.id]
            self._stay_awake()
            if draft is not None:
                self._history.add(chat.message, draft.text())
            self._end_if_drained()

    async def _send_later(self, turn: Turn, message: bytes) -> None:
        """Send a frame of a turn once the client has room for it."""
        try:
            await self._peer.send(message)
        except PeerSlow:
            turn.leave(Reason.SLOW_CLIENT)
            raise

    def _refuse(
        self, failure: Failure, name: str | None = None, *, starts: bool = False, said: str | None = None
    ) -> None:
        """Answer a frame with an error. Only one that refuses a new turn carries that turn's id.

        `said` is the frame's own `ref`, which its client gets back whatever is wrong with the `id`.
        """
        refused = name if starts and name not in self._turns else None
        self._reply(self._refusals.frame(failure, turn=refused, ref=None if refused else name, said=said))

    def _reply(self, frame: FrameDown) -> None:
        """Send now if there is room, or in a task that waits for it; never wait here."""
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
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
        return task

    def _stay_awake(self) -> None:
        self._idle.set(asyncio.get_running_loop().time() + self._bounds.idle_timeout)

    def _end_if_idle(self) -> None:
        if self._turns:
            self._stay_awake()
        else:
            self._peer.end(1001, "idle for too long")

    def _end_if_drained(self) -> None:
        if self._draining and not self._turns:
            self._peer.end(1012, "the server stops")

    async def _leave(self) -> None:
        reason = _reason_of(self._peer.ended_with)
        for turn in self._turns.values():
            turn.leave(reason)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._idle.cancel()
        self._history.close()


def _reason_of(code: int | None) -> Reason:
    """Return the reason of a close, by the code that the server sent; `code` is None when the client left."""
    row = close_codes.TABLE.get(code or 0)
    return Reason.CLIENT_GONE if row is None or row.reason is None else Reason(row.reason)
