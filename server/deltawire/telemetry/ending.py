"""How a turn ended, as those learn of it who watch."""

from collections.abc import Sequence

import msgspec

from deltawire.protocol.frames import Spent


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a turn ended."""

    end: str
    """A finish reason, `cancelled`, or the code of an error."""
    spent: Spent
    gaps: Sequence[int]
    """How many of the gaps between its deltas fell into each bucket of `tally.GAP_BOUNDS`."""
    streamed: float
    """Seconds from the first delta to the last, which is the sum of these gaps."""
    cause: str | None
    """The provider's status and reason word, or the name of a deadline."""
    door: str | None
    """By which door its listener left, if that ended it."""
    phase: str | None
    """What the turn was at when that happened."""
    broke_off: bool
    """Whether the provider failed after its first word."""
