"""A run of another process, as this process sees it."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol

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

Spawn = Callable[[Coroutine[Any, Any, None]], object]
GiveRunResult = Callable[[str, ToolAnswer], Coroutine[Any, Any, None]]


class AnyCursor(Protocol):
    """The position of a listener in a run, of this process or another."""

    async def next(self) -> list[NumberedFrame]:
        """Return the frames that the listener does not have; an empty list is the end. Raise `Failure`."""
        ...


class RemoteCursor:
    """The position of a listener in a run of another process: the reader of a stream of its own."""

    def __init__(self, store: RunStore, listen: Listen) -> None:
        """Nothing is asked before the first `next`."""
        self._store = store
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
            while not self._is_over:
                entries = await self._store.read(self._listen.stream)
                if frames := self._frames(entries):
                    return frames
                if not entries and await has_died(self._store, self._owner):
                    raise Failure("gone", field="run")
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

    def __init__(
        self, name: str, report: Report, process: str, store: RunStore, spawn: Spawn, give: GiveRunResult
    ) -> None:
        """`report` is what its process says of it; `process` is this one."""
        self.name = name
        self.turn = report.turn or ""
        self.state: RunState = report.state
        self.seq = report.seq
        self.conversation = report.conversation
        self.question = report.question
        self._process = process
        self._store = store
        self._spawn = spawn
        self._give = give

    def attach(self, _: Listener, after: int = 0) -> RemoteCursor:
        """Return the cursor of a new listener. Raise `Failure` when those frames are not there."""
        if after > self.seq:
            raise Failure("invalid_frame", f"after may be at most {self.seq} here.", field="after")
        return RemoteCursor(self._store, Listen(self.name, after, self._process, names.new_process() + self.name))

    def detach(self, cursor: AnyCursor, departure: Departure) -> None:
        """Tell its process that a listener has left."""
        if isinstance(cursor, RemoteCursor):
            self._spawn(cursor.leave(departure))

    def give_result(self, tool_result: ToolAnswer) -> Coroutine[Any, Any, None]:
        """Give the turn the result of a call. Raise `Failure`."""
        return self._give(self.name, tool_result)

    def stop(self) -> None:
        """Have its process stop it."""
        self._spawn(self._stop())

    async def standings(self) -> list[Standing]:
        """Return nothing: its process knows."""
        return []

    async def _stop(self) -> None:
        await self._store.send(names.process_of(self.name), write_message(Stop(self.name)))
