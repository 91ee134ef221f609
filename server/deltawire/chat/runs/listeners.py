"""The listeners of one run: each new frame is offered to all, and a slow one does not hold up the others."""

import asyncio
from typing import Final

from deltawire.chat.runs.cursor import Cursor, Listener
from deltawire.chat.runs.log import RunLog
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import NumberedFrame

_AHEAD_BYTES: Final = 2**18
"""The run reads this far ahead of its fastest listener; then it waits, and so slows its upstream."""


class Listeners:
    """The cursors of one run's listeners."""

    def __init__(self, log: RunLog) -> None:
        """Start with none."""
        self._log = log
        self._cursors: dict[Cursor, None] = {}
        self._ahead = 0
        """Bytes that came since a listener last had everything."""
        self._room: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        """Return the number of listeners."""
        return len(self._cursors)

    def add(self, listener: Listener, after: int) -> Cursor:
        """Return the cursor of a new listener, after the frame with this number."""
        cursor = Cursor(self._log, after, listener, self.release)
        self._cursors[cursor] = None
        return cursor

    def remove(self, cursor: Cursor) -> bool:
        """Remove a listener; return False when it was not there."""
        self.release()
        if cursor not in self._cursors:
            return False
        del self._cursors[cursor]
        return True

    def offer(self, frame: NumberedFrame, seq: int, size: int) -> None:
        """Give the newest frame, of this number and size, to all who have room."""
        is_taken = False
        for cursor in self._cursors:
            is_taken = cursor.offer(frame, seq) or is_taken
        self._ahead = 0 if is_taken else self._ahead + size

    def end(self, refusal: Failure | None) -> None:
        """Tell all that no more frames come."""
        for cursor in self._cursors:
            cursor.end(refusal)

    def slowest(self, newest: int) -> int:
        """Return the number of the last frame that all have."""
        return min((cursor.seq for cursor in self._cursors), default=newest)

    def newest(self) -> Listener | None:
        """Return the listener that came last, of those with a history; None where there is none."""
        return next((cursor.listener for cursor in reversed(self._cursors) if cursor.listener.has_history), None)

    @property
    def is_ahead(self) -> bool:
        """True when the run should wait until one of its listeners has read."""
        return self._ahead > _AHEAD_BYTES and bool(self._cursors)

    async def room(self) -> None:
        """Wait until a listener has read all that it was given, or has left, or the run is stopped."""
        self._room = asyncio.get_running_loop().create_future()
        try:
            await self._room
        finally:
            self._room = None

    def release(self) -> None:
        """End the wait of the run."""
        self._ahead = 0
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
