"""The listeners of other processes, as their run's own process serves them: each has a stream."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from deltawire.chat.runs.elsewhere.messages import (
    END,
    GiveResult,
    Listen,
    Report,
    ResultGiven,
    unreachable,
    write_frame,
    write_refusal,
)
from deltawire.chat.runs.elsewhere.store import RunStore, StreamLost
from deltawire.chat.runs.run import Run
from deltawire.chat.runs.states import Departure, RunState
from deltawire.limits.backend import StoreAway
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import NumberedFrame

_MAX_UNREAD: Final = 256
"""Entries of a stream; with more, its writer waits for the reader."""
_POLL_SECONDS: Final = 0.05
_LEAVE_SECONDS: Final = 2.0
"""The time for the message of a reader that has removed its stream: the way in which it left is in the message."""


class StreamListener:
    """A listener of another process."""

    has_history = False
    """The history of its socket is in its own process."""

    def __init__(self, run: Run, listen: Listen, store: RunStore, slow_after: float) -> None:
        """Attach to the run. Raise `Failure`. A reader that takes nothing for `slow_after` seconds is cut off."""
        self.process = listen.process
        self._run = run
        self._stream = listen.stream
        self._store = store
        self._slow_after = slow_after
        self._has_begun = False
        self._has_left = asyncio.Event()
        self._cursor = run.attach(self, listen.after)

    def push(self, _: NumberedFrame) -> bool:
        """Take no frame: the task writes all that has come since the last write at once."""
        return False

    def remember(
        self, question: str, files: Sequence[str], answer: str, exchange: Callable[[str], bytes | None]
    ) -> None:
        """Do nothing: its socket is elsewhere."""

    @property
    def is_at_end(self) -> bool:
        """True once its run has ended: what is left to write is known."""
        return self._run.state is RunState.ENDED

    async def write(self) -> None:
        """Write the frames to the stream, to the end of the run."""
        try:
            while (frames := await self._cursor.next()) and not self._has_left.is_set():
                if await self._append([write_frame(frame) for frame in frames]) > _MAX_UNREAD:
                    await self._room()
            if not self._has_left.is_set():
                await self._append([END])
        except Failure as failure:
            await self._refuse(failure)
        except TimeoutError:  # its reader takes nothing; one that goes on reads that it may come again
            await self._refuse(unreachable())
        except StreamLost:  # with what was not read; or its reader has removed it, and says so
            await self._refuse(unreachable())
            with suppress(TimeoutError):
                async with asyncio.timeout(_LEAVE_SECONDS):
                    await self._has_left.wait()
        except StoreAway:
            pass
        finally:
            if self._has_left.is_set():
                with suppress(StoreAway):
                    await self._store.remove(self._stream)  # its reader did so, perhaps before the last entries
            self.leave(Departure.LOST)

    def leave(self, departure: Departure) -> None:
        """Note that its reader has left."""
        self._has_left.set()
        self._run.detach(self._cursor, departure)
        self._cursor.end(None)

    async def _append(self, entries: list[bytes]) -> int:
        unread = await self._store.append(self._stream, entries, is_new=not self._has_begun)
        self._has_begun = True
        return unread

    async def _refuse(self, failure: Failure) -> None:
        with suppress(StoreAway):
            await self._store.append(self._stream, [write_refusal(failure)])

    async def _room(self) -> None:
        async with asyncio.timeout(self._slow_after):
            while await self._store.length(self._stream) > _MAX_UNREAD:  # noqa: ASYNC110 - the reader is elsewhere
                await asyncio.sleep(_POLL_SECONDS)


def report_of(ask: str, run: Run | None) -> Report:
    """Return the report of a run of this process, for the process that asks."""
    if run is None:
        return Report(ask)
    return Report(ask, run.turn, run.state, run.seq, run.conversation, run.question)


def deliver_result(run: Run | None, message: GiveResult) -> ResultGiven:
    """Give a run of this process the result of a call; return the reply to its sender."""
    try:
        if run is None:
            raise Failure("gone", field="run")
        run.give_result(message.answer)
    except Failure as failure:
        return ResultGiven(message.ask, failure.code, failure.message, failure.field)
    return ResultGiven(message.ask)
