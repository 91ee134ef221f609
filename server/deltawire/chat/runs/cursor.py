"""A listener, and its position in the log of a run."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from deltawire.chat.runs.log import RunLog
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import NumberedFrame


class Listener(Protocol):
    """One who listens to a run, over any transport."""

    @property
    def has_history(self) -> bool:
        """True while a finished turn can be added to the history of its socket; always False over HTTP."""
        ...

    def push(self, frame: NumberedFrame) -> bool:
        """Send a frame now; return False when there is no room."""
        ...

    def remember(
        self, question: str, files: Sequence[str], answer: str, exchange: Callable[[str], bytes | None]
    ) -> None:
        """Add a finished turn to its history; do nothing where it has none."""
        ...


class Cursor:
    """The position of one listener in the log.

    A listener that has taken everything is given each new frame by a call, in the step that made the frame. Waking its
    task for each would cost more than the frame. Only when it has no room, its task is woken, and reads the log.
    """

    __slots__ = ("_is_over", "_log", "_on_progress", "_refusal", "_wakeup", "listener", "seq")

    def __init__(self, log: RunLog, after: int, listener: Listener, on_progress: Callable[[], None]) -> None:
        """`on_progress` is called when the listener has sent what it was given, and is given the newest frame."""
        self.listener = listener
        self._log = log
        self._on_progress = on_progress
        self._refusal: Failure | None = None
        self._wakeup: asyncio.Future[None] | None = None
        self._is_over = False
        self.seq = after
        """The number of the last frame that was given to the listener."""

    def offer(self, frame: NumberedFrame, seq: int) -> bool:
        """Give the newest frame to a listener that has all before it; return False when it was not taken."""
        if self._wakeup is None or self._wakeup.done():
            return False  # its task is busy, and looks into the log when it is done
        if self.listener.push(frame):
            self.seq = seq
            return True
        self._wakeup.set_result(None)
        return False

    def end(self, refusal: Failure | None) -> None:
        """Note that no more frames come; `refusal` is why the turn did not begin."""
        self._is_over = True
        self._refusal = refusal
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)

    async def next(self) -> list[NumberedFrame]:
        """Return the next frames that the listener does not have; wait for one. An empty list is the end.

        Raise `Failure` when the turn was refused.
        """
        while True:
            frames = self._log.after(self.seq)
            if frames:
                self.seq = cast("int", frames[-1].seq)
            if self.seq >= self._log.last:
                self._on_progress()
            if frames:
                return frames
            if self._refusal is not None:
                raise self._refusal
            if self._is_over:
                return []
            self._wakeup = asyncio.get_running_loop().create_future()
            try:
                await self._wakeup
            finally:
                self._wakeup = None
