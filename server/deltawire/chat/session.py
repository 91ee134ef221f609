"""One socket: it runs many turns at once and has one history. When it closes, all its tasks end.

The reader waits for nothing but the next frame. So it sees a close at once, even while turns wait for the upstream or
for a client that does not read. Each turn therefore runs in a task of its own, and so does a reply when the send buffer
is full.
"""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import aclosing
from functools import partial
from typing import Any

import structlog

from deltawire.aio.owned_tasks import OwnedTasks
from deltawire.aio.watchdog import Watchdog
from deltawire.chat.direct_deltas import sender
from deltawire.chat.history import SocketHistory, takes_history
from deltawire.chat.peer import Peer, PeerGone, PeerSlow
from deltawire.chat.replies import Replies
from deltawire.chat.runs.socket_runs import SocketListener, SocketRuns
from deltawire.chat.socket_services import SocketServices
from deltawire.chat.states import Reason, reason_of
from deltawire.chat.tool_results import deliver_result
from deltawire.chat.turn import Turn
from deltawire.identity.caller import Caller
from deltawire.identity.socket_identity import SocketIdentity
from deltawire.protocol.claims import claimed_id, claimed_ref
from deltawire.protocol.decoding import Unreadable
from deltawire.protocol.errors import Failure, spread
from deltawire.protocol.frames import Auth, Cancel, Chat, Delta, Resume, ToolResult, decode, encode
from deltawire.telemetry.logs import where

log = structlog.get_logger(__name__)


class Session:
    """One client's socket, from its first frame to its last."""

    def __init__(self, peer: Peer, identity: SocketIdentity, history: SocketHistory, services: SocketServices) -> None:
        """Prepare; needs the running event loop."""
        self._peer = peer
        self._identity = identity
        self._history = history
        self._services = services
        self._refusals = services.refusals
        self._turns: dict[str, Turn] = {}
        self._runs = SocketRuns(services.runs, peer, history, self._turns)
        self._tasks = OwnedTasks()
        self._replies = Replies(peer, self._tasks)
        self._idle = Watchdog(self._end_if_idle)
        self._draining = False

    async def run(self) -> None:
        """Serve the socket until it closes; then close every upstream stream of it."""
        try:
            self._restart_idle_timer()
            while (message := await self._peer.receive()) is not None:
                self._restart_idle_timer()
                self._receive(message)
                del message  # or a long one would stay until the next one has come
        except Exception as bug:  # noqa: BLE001 - no turn of this socket may outlive its reader
            log.error("bug", error=type(bug).__name__, where=where(bug))  # noqa: TRY400 - no stack traces
            self._peer.end(1011, "internal error")
        finally:
            await self._leave()

    def drain(self) -> None:
        """End the socket as soon as none of its turns runs. `TurnRegistry` refuses new ones."""
        self._draining = True
        self._end_if_drained()

    @property
    def is_authenticated(self) -> bool:
        """False once the token of its caller has expired, or was revoked."""
        return self._identity.is_valid

    def end_unauthenticated(self) -> None:
        """End the socket unless a turn runs."""
        if not self._turns and not self._runs:
            self._peer.end(4401, "the token is not valid any more")

    def _receive(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self._refuse(Failure("invalid_frame", "Frames are text messages; this one was binary."))
            return
        try:
            frame = decode(message)
        except Unreadable as failure:
            claimed = claimed_id(failure, message)
            self._refuse(failure, claimed.id, starts=claimed.is_chat, ref=claimed_ref(failure))
            return
        if isinstance(frame, Chat):
            self._start(frame)
        elif isinstance(frame, Auth):
            self._renew(frame)
        elif isinstance(frame, Resume):
            self._resume(frame)
        elif isinstance(frame, Cancel):
            self._cancel(frame)
        else:
            self._give_result(frame)

    def _start(self, chat: Chat) -> None:
        if chat.id in self._turns or chat.id in self._runs:
            self._refuse(Failure("duplicate_turn", field="id"), chat.id, ref=chat.ref)
            return
        if chat.ref is not None or chat.grace:  # other clients may take an error without an id for an answer to them
            self._history.on_dropped = partial(self._refuse, Failure("history_dropped"))
        try:
            self._check_room()
            if chat.grace:
                self._start_with_grace(chat, self._identity.caller())
                return
            history, caller = self._history.messages(), self._identity.caller()
            turn = self._services.turn_registry.accept(chat, history, caller, self._peer.context)
        except Failure as failure:
            self._refuse(failure, chat.id, starts=True, ref=chat.ref)
            return
        self._turns[turn.id] = turn
        # A task that is cancelled before its first step never enters the turn's context.
        self._tasks.spawn(self._run(turn, chat)).add_done_callback(lambda _: turn.close())

    def _start_with_grace(self, chat: Chat, caller: Caller) -> None:
        if self._runs.are_shared:
            self._tasks.spawn(self._listen_later(self._runs.start(chat, caller), chat.id, chat.ref, starts=True))
        else:
            self._listen(self._runs.start_here(chat, caller), chat.ref)

    def _resume(self, resume: Resume) -> None:
        name = resume.id or resume.run
        try:
            self._check_room()
            caller = self._identity.caller()
            if self._runs.is_elsewhere(resume.run):
                self._tasks.spawn(self._listen_later(self._runs.resume(resume, caller), name, starts=False))
            else:
                self._listen(self._runs.resume_here(resume, caller))
        except Failure as failure:
            self._refuse(failure, name)

    async def _listen_later(
        self,
        finding: Coroutine[Any, Any, SocketListener],
        name: str | None,
        ref: str | None = None,
        *,
        starts: bool,
    ) -> None:
        try:
            self._listen(await finding, ref, starts=starts)
        except Failure as failure:
            self._refuse(failure, name, starts=starts, ref=ref)
            self._restart_idle_timer()
            self._end_if_drained()

    def _stop_run(self, run: str) -> None:
        caller = self._identity.caller()
        if self._runs.is_elsewhere(run):
            self._tasks.spawn(self._or_refuse(self._runs.stop_run(run, caller), run))
        else:
            self._runs.stop_here(run, caller)

    async def _or_refuse(self, work: Awaitable[None], name: str | None = None) -> None:
        try:
            await work
        except Failure as failure:
            self._refuse(failure, name)

    def _check_room(self) -> None:
        if len(self._turns) + len(self._runs) >= self._services.max_turns:
            raise Failure("too_many_turns", retry_after=spread(1.0))

    def _cancel(self, cancel: Cancel) -> None:
        try:
            if cancel.run is not None:
                if cancel.id is not None:
                    raise Failure("invalid_frame", "A cancel names a turn or a run, not both.", field="run")
                self._stop_run(cancel.run)
            elif cancel.id is None:
                for turn in self._turns.values():
                    turn.cancel(Reason.USER_CANCEL)
                self._runs.stop_all()
            elif cancel.id in self._turns:
                self._turns[cancel.id].cancel(Reason.USER_CANCEL)
            elif cancel.id in self._runs:
                self._runs.stop(cancel.id)
            else:
                raise Failure("unknown_turn", field="id")
        except Failure as failure:
            self._refuse(failure, cancel.id or cancel.run)

    def _give_result(self, result: ToolResult) -> None:
        """Give a turn of this caller the result of a call, whichever socket listens to it."""
        try:
            caller = self._identity.caller().name
            later = deliver_result(result, self._turns, self._runs, self._services.turn_registry, caller)
            if later is not None:
                self._tasks.spawn(self._or_refuse(later, result.id))
        except Failure as failure:
            self._refuse(failure, result.id)

    def _renew(self, auth: Auth) -> None:
        """Take a fresh token at once, so that it counts for the next frame; in a task if its key must be fetched."""
        try:
            if not self._identity.renew(auth.token):
                self._tasks.spawn(self._or_refuse(self._identity.renew_later(auth.token)))
        except Failure as failure:
            self._refuse(failure)

    async def _run(self, turn: Turn, chat: Chat) -> None:
        """Send a turn's frames, each when there is room for it; then add what was delivered to the socket's history."""
        draft = self._history.draft() if takes_history(chat) else None
        try:
            async with turn:
                await turn.begin()
                async with aclosing(turn.frames(sender(self._peer.send_now, draft))) as frames:
                    async for frame in frames:
                        if not self._peer.send_now(message := encode(frame)):
                            await self._send_later(turn, message)
                        if draft is not None and type(frame) is Delta:
                            draft.add(frame.text)
        except Failure as failure:
            self._replies.send(self._refusals.frame(failure, turn=turn.id, ref=chat.ref))
        except PeerGone:
            pass
        except PeerSlow:
            self._peer.end(4008, "too slow")
        finally:
            del self._turns[turn.id]
            self._restart_idle_timer()
            if draft is not None:
                self._history.add(chat.message, *draft.answer(turn.rounds.exchange), files=chat.files)
            self._end_if_drained()

    def _listen(self, listener: SocketListener, ref: str | None = None, *, starts: bool = True) -> None:
        listening = self._tasks.spawn(self._listen_to_end(listener, ref, starts=starts))
        listening.add_done_callback(lambda _: self._runs.remove(listener))

    async def _listen_to_end(self, listener: SocketListener, ref: str | None, *, starts: bool) -> None:
        try:
            await listener.listen()
        except Failure as failure:
            self._runs.remove(listener)  # or `_refuse` would take the turn for one that runs
            self._refuse(failure, listener.turn_id, starts=listener.ends_turn(failure, starts=starts), ref=ref)
        except PeerGone:
            pass
        except PeerSlow:
            self._peer.end(4008, "too slow")
        finally:
            self._runs.remove(listener)
            self._restart_idle_timer()
            self._end_if_drained()

    async def _send_later(self, turn: Turn, message: bytes) -> None:
        """Send a frame of a turn once the client has room for it."""
        try:
            await self._peer.send(message)
        except PeerSlow:
            turn.leave(Reason.SLOW_CLIENT)
            raise

    def _refuse(
        self, failure: Failure, name: str | None = None, *, starts: bool = False, ref: str | None = None
    ) -> None:
        """Answer a frame, which named this turn or run, with an error. Only a refused new turn has its id in the error.

        `ref` is the frame's own, which its client gets back even when the `id` is what is wrong.
        """
        is_refused_turn = starts and name not in self._turns and name not in self._runs
        named = {"turn": name} if is_refused_turn else {"other_id": name}
        self._replies.send(self._refusals.frame(failure, ref=ref, **named))

    def _restart_idle_timer(self) -> None:
        self._idle.set(asyncio.get_running_loop().time() + self._services.idle_timeout)

    def _end_if_idle(self) -> None:
        if self._turns or self._runs:
            self._restart_idle_timer()
        else:
            self._peer.end(1001, "idle for too long")

    def _end_if_drained(self) -> None:
        if self._draining and not self._turns and not self._runs:
            self._peer.end(1012, "the server stops")

    async def _leave(self) -> None:
        for turn in self._turns.values():
            turn.leave(reason_of(self._peer.ended_with))
        self._runs.leave()
        await self._tasks.cancel()
        self._idle.cancel()
        self._history.close()
