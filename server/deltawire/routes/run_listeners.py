"""Listen to a run over HTTP. A client that leaves its request counts as lost: only `DELETE /runs/{run}` stops a run."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar, cast

from deltawire.chat.runs.elsewhere.remote import AnyCursor
from deltawire.chat.runs.registry import AnyRun
from deltawire.chat.runs.states import Departure
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import NumberedFrame, error_frame
from deltawire.protocol.problem_details import Problem
from deltawire.routes.answers import Answer, Fold
from deltawire.routes.sse import EventStream, event_of

T = TypeVar("T")


class HttpListener:
    """One request, as it listens to a run."""

    has_history = False
    """A request has no history."""

    def __init__(self, run: AnyRun, after: int = 0) -> None:
        """Listen from the frame after this number. Raise `Failure` when those frames are not there."""
        self._run = run
        self._stream: EventStream | None = None
        self._cursor: AnyCursor = run.attach(self, after)

    @classmethod
    @asynccontextmanager
    async def on(cls, run: AnyRun, after: int = 0) -> AsyncIterator[Self]:
        """Listen while the block runs."""
        listener = cls(run, after)
        try:
            yield listener
        finally:
            run.detach(cast("Any", listener._cursor), Departure.LOST)

    def push(self, frame: NumberedFrame) -> bool:
        """Send a frame now; return False when there is no room, or nothing to send it on."""
        return self._stream is not None and self._stream.write_now(event_of(frame, self._run.name))

    def remember(
        self, question: str, files: Sequence[str], answer: str, exchange: Callable[[str], bytes | None]
    ) -> None:
        """Do nothing: a request has no history."""

    async def first(self) -> list[NumberedFrame]:
        """Return the frames that are there, and wait for the first; raise `Failure` when the turn is refused."""
        return await self._cursor.next()

    async def stream(self, stream: EventStream, frames: list[NumberedFrame], fields: dict[str, str]) -> None:
        """Send a whole response: these frames, and then each that comes, to the end of the run."""
        async with stream.open(fields):
            self._stream = stream
            try:
                await self._write(stream, frames)
                while frames := await self._cursor.next():
                    await self._write(stream, frames)
            except Failure as failure:
                await stream.write(event_of(error_frame(failure, turn=self._run.turn)))

    async def answer(self, frames: list[NumberedFrame]) -> Answer | Problem:
        """Wait for the end of the run; return its whole answer, of which these frames are the first."""
        fold = Fold()
        while frames:
            for frame in frames:
                fold.add(frame)
            frames = await self._cursor.next()
        return fold.result()

    async def _write(self, stream: EventStream, frames: list[NumberedFrame]) -> None:
        for frame in frames:
            await stream.write(event_of(frame, self._run.name))


async def answer_of(run: AnyRun) -> Answer | Problem | None:
    """Return the answer of a run that has ended; None when its beginning is no longer kept.

    Raise `Failure` when its process has died meanwhile, or cannot be reached: then nobody knows the answer here.
    """
    try:
        async with HttpListener.on(run) as listener:
            return await listener.answer(await listener.first())
    except Failure as failure:
        if failure.field != "after":
            raise
        return None
