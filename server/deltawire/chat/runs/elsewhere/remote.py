"""A run of another process, as this process sees it."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from deltawire.aio.background import finished
from deltawire.chat.runs import names
from deltawire.chat.runs.cursor import Listener
from deltawire.chat.runs.elsewhere.messages import (
    Leave,
    Listen,
    Report,
    Stop,
    read_entry,
    unreachable,
    write_message,
)
from deltawire.chat.runs.elsewhere.store import RunStore, has_died
from deltawire.chat.runs.states import Departure, RunState
from deltawire.limits.backend import StoreAway
from deltawire.limits.report import Standing
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import NumberedFrame
from deltawire.protocol.tools import ToolAnswer

_SILENCE_SECONDS: Final = 2.0
"""Seconds without a frame after which a listener asks whether the run has newer ones."""


class HubCalls(NamedTuple):
    """The calls of the hub that a run of another process needs."""

    find: Callable[[str], Coroutine[Any, Any, "RemoteRun"]]
    """Asks for the run again. Raises `Failure`."""
    give_result: Callable[[str, ToolAnswer], Coroutine[Any, Any, None]]
    spawn: Callable[[Coroutine[Any, Any, None]], object]


class AnyCursor(Protocol):
    """The position of a listener in a run, of this process or another."""

    async def next(self) -> list[NumberedFrame]:
        """Return the frames that the listener does not have; an empty list is the end. Raise `Failure`."""
        ...


class RemoteCursor:
    """The position of a listener in a run of another process: the reader of a stream of its own."""

    def __init__(
        self, store: RunStore, listen: Listen, find: Callable[[str], Coroutine[Any, Any, "RemoteRun"]]
    ) -> None:
        """Nothing is asked before the first `next`; `find` is as in `HubCalls`."""
        self._store = store
        self._find = find
        self._seq = listen.after
        self._asks_at = 0.0
        """The time at which the run is asked for again, unless a frame has come."""
        self._is_behind = False
        self._listen = listen
        self._owner = names.process_of(listen.run)
        self._asking: asyncio.Task[None] | None = None
        self._is_over = False

    async def next(self) -> list[NumberedFrame]:
        """Return the next frames; an empty list is the end. Raise `Failure`: `gone` when their process has died."""
        try:
            if self._asking is None:
                self._asking = asyncio.create_task(self._store.send(self._owner, write_message(self._listen)))
            await finished(self._asking)
            self._note_progress()
            while not self._is_over:
                entries = await self._store.read(self._listen.stream)
                if frames := self._frames(entries):
                    self._seq = frames[-1].seq or self._seq
                    return frames
                if not entries:
                    await self._check()
            await self._store.remove(self._listen.stream)
        except (StoreAway, msgspec.MsgspecError):  # the owner may be of a later version
            raise unreachable() from None
        return []

    async def leave(self, departure: Departure) -> None:
        """Tell the owner that nobody reads any more."""
        if self._asking is None:
            return
        with suppress(StoreAway):  # then the owner notices by itself: the stream is not read
            await finished(self._asking)  # or the owner could read the two messages in the other order
            if not self._is_over:
                await self._store.send(self._owner, write_message(Leave(self._listen.stream, departure)))
            await self._store.remove(self._listen.stream)

    def _note_progress(self, *, is_behind: bool = False) -> None:
        self._is_behind = is_behind
        self._asks_at = asyncio.get_running_loop().time() + _SILENCE_SECONDS

    async def _check(self) -> None:
        """Raise `Failure` when no frame can come: `gone`, or `store_unavailable` when some were lost on their way.

        The owner writes no more after a fault of the store, and the store may lose a message or the stream.
        """
        if await has_died(self._store, self._owner):
            raise Failure("gone", field="run")
        if asyncio.get_running_loop().time() < self._asks_at:
            return
        if self._is_behind:
            raise unreachable()
        run = await self._find(self._listen.run)
        self._note_progress(is_behind=run.seq > self._seq or run.state is RunState.ENDED)

    def _frames(self, entries: list[bytes]) -> list[NumberedFrame]:
        frames: list[NumberedFrame] = []
        for entry in entries:
            frame = read_entry(entry)
            if frame is None:
                self._is_over = True
            else:
                frames.append(frame)
        return frames


class RemoteRun:
    """A run of another process."""

    def __init__(self, name: str, report: Report, process: str, store: RunStore, calls: HubCalls) -> None:
        """`report` is what its process says of it; `process` is this one."""
        self.name = name
        self.turn = report.turn or ""
        self.state: RunState = report.state
        self.seq = report.seq
        self.conversation = report.conversation
        self.question = report.question
        self._process = process
        self._store = store
        self._calls = calls

    def attach(self, _: Listener, after: int = 0) -> RemoteCursor:
        """Return the cursor of a new listener. Raise `Failure` when those frames are not there."""
        if after > self.seq:
            raise Failure("invalid_frame", f"after may be at most {self.seq} here.", field="after")
        listen = Listen(self.name, after, self._process, names.new_process() + self.name)
        return RemoteCursor(self._store, listen, self._calls.find)

    def detach(self, cursor: AnyCursor, departure: Departure) -> None:
        """Tell its process that a listener has left."""
        if isinstance(cursor, RemoteCursor):
            self._calls.spawn(cursor.leave(departure))

    def give_result(self, tool_result: ToolAnswer) -> Coroutine[Any, Any, None]:
        """Give the turn the result of a call. Raise `Failure`."""
        return self._calls.give_result(self.name, tool_result)

    def stop(self) -> None:
        """Have its process stop it."""
        self._calls.spawn(self._stop())

    async def standings(self) -> list[Standing]:
        """Return nothing: its process knows."""
        return []

    async def _stop(self) -> None:
        await self._store.send(names.process_of(self.name), write_message(Stop(self.name)))
