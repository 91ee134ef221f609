"""How often something may happen."""


class TokenBucket:
    """Lets `per_second` through in the long run, and up to `burst` at once."""

    __slots__ = ("_allowance", "_burst", "_last", "_per_second")

    def __init__(self, per_second: float, burst: float, now: float) -> None:
        """Start with the whole burst; `now` is any clock's seconds."""
        self._per_second = per_second
        self._burst = self._allowance = max(burst, 1.0)
        self._last = now

    def allow(self, now: float, worth: float = 1.0) -> bool:
        """Count one more, or what is worth less than one, unless it is too many."""
        self._earn(now)
        if self._allowance < worth:
            return False
        self._allowance -= worth
        return True

    def wait(self) -> float:
        """Seconds until one more is allowed."""
        return max(0.0, (1.0 - self._allowance) / self._per_second)

    def is_fresh(self, now: float) -> bool:
        """Whether nothing that happened still counts."""
        self._earn(now)
        return self._allowance >= self._burst

    def _earn(self, now: float) -> None:
        self._allowance = min(self._allowance + (now - self._last) * self._per_second, self._burst)
        self._last = now
