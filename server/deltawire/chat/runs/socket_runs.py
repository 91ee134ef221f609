"""The runs that one socket listens to, each under the id that its frames have there."""

import asyncio
from collections.abc import Callable, Container, Coroutine, Sequence
from typing import Any, cast

from msgspec.structs import replace

from deltawire.chat.history import SocketHistory
from deltawire.chat.peer import Peer
from deltawire.chat.runs.elsewhere.remote import AnyCursor
from deltawire.chat.runs.registry import AnyRun, Runs
from deltawire.chat.runs.run import Run
from deltawire.chat.runs.states import Departure, departure_of
from deltawire.identity.caller import Caller
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Chat, Delta, NumberedFrame, Resume, Thought, encode
from deltawire.protocol.tools import ToolAnswer


class SocketListener:
    """One socket, as it listens to one run."""

    __slots__ = ("_cursor", "_has_received", "_socket", "_turn_id", "run")

    def __init__(self, socket: "SocketRuns", run: AnyRun, after: int, turn_id: str | None) -> None:
        """Listen from the frame after this number; `turn_id` is the id of the frames here, None for the turn's own.

        Raise `Failure` when those frames are not there.
        """
        self.run = run
        self._socket = socket
        self._turn_id = turn_id
        self._cursor: AnyCursor = run.attach(self, after)
        self._has_received = False

    @property
    def turn_id(self) -> str:
        """The id of the frames on this socket."""
        return self._turn_id or self.run.turn

    @property
    def has_history(self) -> bool:
        """True while the socket is open, even when it has stopped listening."""
        return self._socket.is_open

    def push(self, frame: NumberedFrame) -> bool:
        """Send a frame now; return False when the client has to read first."""
        return self._socket.peer.send_now(self._encoded(frame))

    async def listen(self) -> None:
        """Send the frames that cannot be pushed, to the end of the run.

        Raise `Failure` when the turn is refused, `PeerGone` or `PeerSlow`.
        """
        peer = self._socket.peer
        try:
            while frames := await self._cursor.next():
                self._has_received = True
                for frame in frames:
                    await peer.send(self._encoded(frame))
        finally:
            self.leave()

    def ends_turn(self, failure: Failure, *, starts: bool) -> bool:
        """Return whether a failure of `listen` ends the turn; `starts` is true for one who asked for it.

        Another process may refuse to be listened to, or be out of reach for a while: then the turn goes on.
        """
        if isinstance(self.run, Run):
            return True
        return failure.code != "store_unavailable" if self._has_received else starts

    def remember(
        self, question: str, files: Sequence[str], answer: str, exchange: Callable[[str], bytes | None]
    ) -> None:
        """Add a finished turn to the history of the socket, unless it is too long for one."""
        history = self._socket.history
        draft = history.draft()
        draft.add(answer)
        history.add(question, *draft.answer(exchange), files=files)

    def leave(self) -> None:
        """Stop listening: the run has ended, or the socket is over, in the way that its peer says."""
        peer = self._socket.peer
        is_ours = peer.ended_with is not None
        departure = Departure.LOST if is_ours else departure_of(peer.left_with)
        self.run.detach(cast("Any", self._cursor), departure)

    def _encoded(self, frame: NumberedFrame) -> bytes:
        return encode(frame if self._turn_id is None else _with_id(frame, self._turn_id))


class _PendingListener:
    """A listener whose run is looked for in other processes; `turn_id` is None while the id is not known."""

    __slots__ = ("is_settled", "is_stopped", "turn_id")

    def __init__(self, turn_id: str | None) -> None:
        self.turn_id = turn_id
        self.is_stopped = False
        self.is_settled = asyncio.Event()
        """Set once the run is found, or is not."""


class SocketRuns:
    """The runs that one socket listens to, or will listen to once other processes have answered."""

    __slots__ = ("_by_id", "_other_turns", "_pending", "_runs", "history", "is_open", "peer")

    def __init__(self, runs: Runs, peer: Peer, history: SocketHistory, other_turns: Container[str]) -> None:
        """Start with none; `runs` are those of the process, `other_turns` the ids of the socket's other turns."""
        self.peer = peer
        self.history = history
        self.is_open = True
        """True while the socket is open; its history must not be changed after that."""
        self._runs = runs
        self._other_turns = other_turns
        self._by_id: dict[str, SocketListener] = {}
        self._pending: dict[_PendingListener, None] = {}

    def __len__(self) -> int:
        """Return their number."""
        return len(self._by_id) + len(self._pending)

    def __contains__(self, turn_id: str | None) -> bool:
        """Return whether frames with this id come from a run, or will."""
        return turn_id is not None and (
            turn_id in self._by_id or any(pending.turn_id == turn_id for pending in self._pending)
        )

    @property
    def are_shared(self) -> bool:
        """True where other processes know of them: then asking for one may take a while."""
        return self._runs.hub is not None

    def start_here(self, chat: Chat, caller: Caller) -> SocketListener:
        """Start a turn with grace, or listen to the run that the same chat started before. Raise `Failure`."""
        run = self._runs.start_here(chat, self.history.messages(), caller, self.peer.context)
        return self._listener(run, 0, None)

    def start(self, chat: Chat, caller: Caller) -> Coroutine[Any, Any, SocketListener]:
        """Look for the run of this chat in other processes; without one, do as `start_here` does. Raise `Failure`."""
        pending = self._reserve(chat.id)
        finding = self._runs.start(chat, self.history.messages(), caller, self.peer.context)
        return self._attach_when_found(pending, finding, 0, None)

    def is_elsewhere(self, run: str) -> bool:
        """Return whether a run may be in another process that can be asked."""
        return self._runs.is_elsewhere(run)

    def resume_here(self, resume: Resume, caller: Caller) -> SocketListener:
        """Listen to a run of this process. Raise `Failure` (`not_found`, `gone`, `invalid_frame`)."""
        return self._listener(self._runs.find_here(resume.run, caller.name), int(resume.after), resume.id)

    def resume(self, resume: Resume, caller: Caller) -> Coroutine[Any, Any, SocketListener]:
        """Listen to a run of another process. Raise `Failure`."""
        pending = self._reserve(resume.id)
        return self._attach_when_found(pending, self._runs.find(resume.run, caller.name), int(resume.after), resume.id)

    def remove(self, listener: SocketListener) -> None:
        """Remove a listener that has received the end."""
        if self._by_id.get(listener.turn_id) is listener:
            del self._by_id[listener.turn_id]

    def stop(self, turn_id: str) -> None:
        """End the turn with this id here."""
        if turn_id in self._by_id:
            self._by_id[turn_id].run.stop()
        for pending in self._pending:
            pending.is_stopped = pending.is_stopped or pending.turn_id == turn_id

    @property
    def has_pending(self) -> bool:
        """True while other processes are asked for runs; the turn's own id may not be known before."""
        return bool(self._pending)

    def give_result(self, turn_id: str, tool_result: ToolAnswer) -> Coroutine[Any, Any, None] | None:
        """Give the turn with this id here the result of a call; return what does it later, or in another process.

        Raise `Failure`, with its field.
        """
        listener = self._by_id.get(turn_id)
        if listener is None:
            return self._give_result_later(turn_id, tool_result)
        return listener.run.give_result(tool_result)

    async def _give_result_later(self, turn_id: str, tool_result: ToolAnswer) -> None:
        """Wait for the runs that are coming, whose client need not wait before it sends a result. Raise `Failure`."""
        for pending in list(self._pending):
            if pending.turn_id in (turn_id, None):
                await pending.is_settled.wait()
        if turn_id not in self._by_id:
            raise unknown_turn()
        delivery = self._by_id[turn_id].run.give_result(tool_result)
        if delivery is not None:
            await delivery

    def stop_all(self) -> None:
        """End each turn that this socket listens to."""
        for listener in self._by_id.values():
            listener.run.stop()
        for pending in self._pending:
            pending.is_stopped = True

    def stop_here(self, run: str, caller: Caller) -> None:
        """End a run of this caller in this process, whoever listens. Raise `Failure` (`not_found`, `gone`)."""
        self._runs.find_here(run, caller.name).stop()

    async def stop_run(self, run: str, caller: Caller) -> None:
        """End a run in another process. Raise `Failure`."""
        (await self._runs.find(run, caller.name)).stop()

    def leave(self) -> None:
        """Stop listening: the socket is over."""
        self.is_open = False
        for listener in self._by_id.values():
            listener.leave()

    def _reserve(self, turn_id: str | None) -> _PendingListener:
        """Take an id at once: no other turn may have it, and a `cancel` may come before the run is found."""
        self._check_free(turn_id)
        pending = _PendingListener(turn_id)
        self._pending[pending] = None
        return pending

    async def _attach_when_found(
        self, pending: _PendingListener, finding: Coroutine[Any, Any, AnyRun], after: int, turn_id: str | None
    ) -> SocketListener:
        try:
            run = await finding
        finally:
            del self._pending[pending]
            pending.is_settled.set()
        listener = self._listener(run, after, turn_id)
        if pending.is_stopped:
            run.stop()
        return listener

    def _listener(self, run: AnyRun, after: int, turn_id: str | None) -> SocketListener:
        here = turn_id or run.turn
        self._check_free(here)
        listener = SocketListener(self, run, after, turn_id)
        self._by_id[here] = listener
        return listener

    def _check_free(self, turn_id: str | None) -> None:
        if turn_id in self or turn_id in self._other_turns:
            raise Failure("duplicate_turn", field="id")


def unknown_turn() -> Failure:
    """Return the failure of a result for a turn that does not run here."""
    return Failure("unknown_turn", "No turn of yours with this id is running here.", field="id")


def _with_id(frame: NumberedFrame, turn_id: str) -> NumberedFrame:
    """Return the frame with this id."""
    if frame.id == turn_id:
        return frame
    if type(frame) is Delta or type(frame) is Thought:
        kind: Any = type(frame)
        renamed: NumberedFrame = kind(turn_id, frame.text, frame.seq)
        return renamed
    return replace(frame, id=turn_id)
