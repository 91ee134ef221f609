"""What a turn has cost so far, as its last frame tells it."""

import time
from typing import Literal

from msgspec.structs import asdict

from server.frames import Spent, Usage
from server.gemini.events import UNKNOWN_COUNTS, Counts


class Tally:
    """Times from the moment it is made, and the counts of the stream that answered."""

    __slots__ = ("_began", "counts", "first_delta_ms", "model", "reported")

    def __init__(self, model: str) -> None:
        """Start the clock; `model` is the one that is asked first."""
        self._began = time.monotonic()
        self.model = model
        self.counts: Counts = UNKNOWN_COUNTS
        self.reported = False
        self.first_delta_ms: int | None = None

    @property
    def duration_ms(self) -> int:
        """Milliseconds since the turn was accepted."""
        return round((time.monotonic() - self._began) * 1000)

    @property
    def measured(self) -> Literal["reported", "partial", "unknown"]:
        """How far the counts can be trusted."""
        if self.counts == UNKNOWN_COUNTS:
            return "unknown"
        return "reported" if self.reported else "partial"

    def usage(self, turn: str, finish_reason: str) -> Usage:
        """The frame that ends a turn which did not fail."""
        return Usage(turn, **asdict(self.figures(finish_reason)))

    def spent(self) -> Spent | None:
        """What an error carries; None when the provider counted nothing."""
        return None if self.measured == "unknown" else self.figures()

    def figures(self, finish_reason: str | None = None) -> Spent:
        """All that is known, be it nothing."""
        counts = self.counts
        return Spent(
            model=self.model,
            finish_reason=finish_reason,
            input_tokens=counts.input,
            output_tokens=counts.output,
            thought_tokens=counts.thought,
            tool_tokens=counts.tool,
            cached_tokens=counts.cached,
            total_tokens=counts.total,
            measured=self.measured,
            first_delta_ms=self.first_delta_ms,
            duration_ms=self.duration_ms,
            cost_usd=None,
        )
