"""The clock of one turn: when it must have ended, and when its next token must have come."""

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
        """When the turn must have ended."""

    def now(self) -> float:
        """Return the time."""
        return self._loop.time()

    def next_token_by(self) -> float:
        """Return when the next token must have come; raise `Failure` when the time of the turn is over."""
        now = self._loop.time()
        if now >= self.turn_by:
            raise self.failure("turn")
        return min(now + self._deadlines.token, self.turn_by)

    def failure(self, deadline: str) -> Failure:
        """Return what a client is told when the deadline of this name has passed."""
        return self._deadlines.failure(deadline)
