"""The states of a run, how its listeners leave, and what happens to it.

The values of `Happening` are values of a metric label and of a log field: docs/reference/metrics.md lists them.
"""

from enum import StrEnum
from typing import Final

AWAY_SECONDS: Final = 10.0
"""The longest grace of a listener that went away: a browser says the same for a reload and for a closed tab."""
_WENT_AWAY: Final = 1001
_ON_PURPOSE: Final = {1000, 1005}
"""1005 stands for a close frame without a code (RFC 6455, 7.4.1)."""


class RunState(StrEnum):
    """The state of a run, as clients read it."""

    OPENING = "opening"
    """No piece of the answer has come."""
    STREAMING = "streaming"
    """The answer comes."""
    WAITING = "waiting"
    """The turn waits for the results of functions."""
    ENDED = "ended"
    """The last frame is in the log."""


class Departure(StrEnum):
    """The way in which a listener left; it decides about the grace."""

    LEFT = "left"
    """On purpose: with nobody else listening, the turn ends at once."""
    AWAY = "away"
    """The page was reloaded or closed."""
    LOST = "lost"
    """The link broke."""

    def seconds(self, grace: float) -> float:
        """Return the seconds for which the run goes on with nobody listening; `grace` is what its client asked for."""
        if self is Departure.LEFT:
            return 0.0
        return min(grace, AWAY_SECONDS) if self is Departure.AWAY else grace


class Happening(StrEnum):
    """An event in the life of a run."""

    STARTED = "started"
    LEFT = "left"
    AWAY = "away"
    LOST = "lost"
    RESUMED = "resumed"
    """A listener came to a run that had begun before."""
    STOPPED = "stopped"
    """Somebody asked for its end."""
    EXPIRED = "expired"
    """Its grace was over."""
    EVICTED = "evicted"
    """It was ended and forgotten, because the runs took too much memory."""


def departure_of(code: int | None) -> Departure:
    """Return how a client left a socket, by the code of its close frame; None when there was none."""
    if code in _ON_PURPOSE:
        return Departure.LEFT
    return Departure.AWAY if code == _WENT_AWAY else Departure.LOST
