"""The end of a turn, as it is reported to observers."""

from collections.abc import Sequence
from typing import Final

import msgspec

from deltawire.protocol.usage_figures import UsageFigures

GAP_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
"""Upper bounds, in seconds, of the buckets for gaps between deltas; one more bucket is for the rest."""


class TurnEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a turn that has ended."""

    end: str
    """A finish reason, `cancelled`, or the code of an error."""
    figures: UsageFigures
    gaps: Sequence[int]
    """The number of gaps between deltas in each bucket of `GAP_BOUNDS`."""
    streamed: float
    """Seconds from the first delta to the last, which is the sum of these gaps."""
    cause: str | None
    """The provider's status and reason word, or the name of a deadline."""
    reason: str | None
    """The reason of a cancellation; None for any other end."""
    phase: str | None
    """The phase in which the turn was cancelled; None for any other end."""
    broke_off: bool
    """True when the provider failed after its first token."""
