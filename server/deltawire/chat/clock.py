"""The clock of one turn: the deadlines of its end and of its next token."""

import asyncio

from deltawire.aio.running_time import RunningTime
from deltawire.chat.deadlines import Deadlines
from deltawire.protocol.errors import Failure


class TurnClock:
    """Times of a clock that counts only the time in which this process ran, in seconds."""

    __slots__ = ("_loop", "deadlines", "running", "turn_by")

    def __init__(self, deadlines: Deadlines, running: RunningTime) -> None:
        """Start now; needs the running loop."""
        self._loop = asyncio.get_running_loop()
        self.deadlines = deadlines
        self.running = running
        self.turn_by = self.now() + deadlines.turn
        """The deadline of the turn's end, as a time of `now`."""

    def now(self) -> float:
        """Return the time in seconds: the loop's, without the time in which the process did not run."""
        return self._loop.time() - self.running.lost

    def next_token_by(self) -> float:
        """Return the deadline of the next token, as a time of `now`; raise `Failure` when the turn's has passed."""
        now = self._loop.time() - self.running.lost
        if now >= self.turn_by:
            raise self.failure("turn")
        token_by = now + self.deadlines.token
        if token_by > self.turn_by:  # `min` would cost as much as all the rest
            return self.turn_by
        return token_by

    def pause(self, seconds: float) -> None:
        """Give the turn these seconds more: it has waited for its client, and not for the provider."""
        self.turn_by += seconds

    def failure(self, deadline: str) -> Failure:
        """Return the failure of a deadline that has passed, by its name."""
        return self.deadlines.failure(deadline)
