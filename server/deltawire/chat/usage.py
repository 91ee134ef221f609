"""The usage of a turn so far: the figures of its last frame."""

from bisect import bisect_left
from collections.abc import Callable
from time import monotonic
from typing import Literal

from msgspec import UNSET

from deltawire.chat.earlier_rounds import EarlierRounds, shown_modalities
from deltawire.gemini.events import UNKNOWN_COUNTS, Counts
from deltawire.protocol.errors import Failure
from deltawire.protocol.usage_figures import TOKEN_KINDS, UsageFigures
from deltawire.telemetry.turn_end import GAP_BOUNDS

Price = Callable[[str, Counts], float | None]
"""A function that returns the cost of a model's counts, in dollars; None when it is not known."""


class UsageTracker:
    """The times of a turn, measured from the creation of this object, and the counts of the stream that answered."""

    __slots__ = (
        "_began",
        "_earlier",
        "_first_delta",
        "_last_delta",
        "_max_chars",
        "_price",
        "chars_left",
        "counts",
        "first_delta_ms",
        "gaps",
        "model",
        "reported",
    )  # fmt: skip

    def __init__(self, model: str, price: Price, max_chars: int) -> None:
        """Start the clock; `model` is the one that is asked first, `max_chars` bounds the answer."""
        self._max_chars = max_chars
        self.chars_left = max_chars
        """The characters that the answer may still have."""
        self._earlier: EarlierRounds | None = None
        self._began = monotonic()
        self._price = price
        self.model = model
        self.counts: Counts = UNKNOWN_COUNTS
        self.reported = False
        """True where the counts are the provider's last ones."""
        self.first_delta_ms: int | None = None
        self.gaps = [0] * (len(GAP_BOUNDS) + 1)
        """The number of gaps between deltas in each bucket."""
        self._first_delta = self._last_delta = 0.0

    def take(self, chars: int) -> None:
        """Count characters that are about to be sent. Raise `Failure` where the answer would be too long."""
        self.chars_left -= chars
        if self.chars_left < 0:
            raise self._too_long()

    def next_round(self, counts: Counts) -> None:
        """Add the counts of a round that is over to those of the rounds before."""
        cost = self._price(self.model, counts)
        earlier = self._earlier or EarlierRounds()
        self._earlier = earlier.plus(counts, cost)
        self.counts = UNKNOWN_COUNTS

    def delta(self, chars: int) -> bool:
        """Count a delta; return True for the first one. Raise `Failure` as `take` does."""
        self.chars_left -= chars  # as in `take`: this saves a call for each delta
        if self.chars_left < 0:
            raise self._too_long()
        now = monotonic()
        is_first = self.first_delta_ms is None
        if is_first:
            self.first_delta_ms = self.duration_ms
            self._first_delta = now
        else:
            self.gaps[bisect_left(GAP_BOUNDS, now - self._last_delta)] += 1
        self._last_delta = now
        return is_first

    def _too_long(self) -> Failure:
        message = f"The answer is over {self._max_chars:,} characters; see MAX_ANSWER_CHARS."
        return Failure("message_too_large", message)

    @property
    def streamed(self) -> float:
        """Seconds from the first delta to the last."""
        return self._last_delta - self._first_delta

    @property
    def duration_ms(self) -> int:
        """Milliseconds since the turn was accepted."""
        return round((monotonic() - self._began) * 1000)

    @property
    def measured(self) -> Literal["reported", "partial", "unknown"]:
        """The source of the counts: the provider's last ones (`reported`), earlier ones (`partial`), or none."""
        is_unknown = self.counts == UNKNOWN_COUNTS
        if self._earlier is not None and self._earlier.counts != UNKNOWN_COUNTS:
            return "reported" if self.reported and not is_unknown and self._earlier.is_complete else "partial"
        if is_unknown:
            return "unknown"
        return "reported" if self.reported and self._earlier is None else "partial"

    def figures(self, finish_reason: str | None = None) -> UsageFigures:
        """Return the figures; each that is not known is None."""
        counts, cost = self.counts, self._price(self.model, self.counts)
        if self._earlier is not None:
            total = self._earlier.plus(counts, cost)
            counts, cost = total.counts, total.cost
        return UsageFigures(
            model=self.model,
            finish_reason=finish_reason,
            **{f"{kind}_tokens": getattr(counts, kind) for kind in TOKEN_KINDS},
            measured=self.measured,
            first_delta_ms=self.first_delta_ms,
            duration_ms=self.duration_ms,
            cost_usd=cost,
            search_queries=counts.queries or UNSET,
            modalities=UNSET if counts.modalities is None else shown_modalities(counts.modalities),
        )
