"""The clock of one turn: the deadlines of its end and of its next token."""

import asyncio

from deltawire.chat.deadlines import Deadlines
from deltawire.protocol.errors import Failure


class TurnClock:
    """Times of the running loop's clock, in seconds."""

    __slots__ = ("_deadlines", "_loop", "turn_by")

    def __init__(self, deadlines: Deadlines) -> None:
        """Start now; needs the running loop."""
        self._loop = asyncio.get_running_loop()
        self._deadlines = deadlines
        self.turn_by = self._loop.time() + deadlines.turn
        """The deadline of the turn's end."""

    def now(self) -> float:
        """Return the time."""
        return self._loop.time()

    def next_token_by(self) -> float:
        """Return the deadline of the next token; raise `Failure` when that of the turn has passed."""
        now = self._loop.time()
        if now >= self.turn_by:
            raise self.failure("turn")
        return min(now + self._deadlines.token, self.turn_by)

    def failure(self, deadline: str) -> Failure:
        """Return the failure of a deadline that has passed, by its name."""
        return self._deadlines.failure(deadline)
