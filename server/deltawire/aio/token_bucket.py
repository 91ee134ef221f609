"""A token bucket: a limit on the rate of events."""


class TokenBucket:
    """Allows `per_second` in the long run, and up to `burst` at once."""

    __slots__ = ("_allowance", "_burst", "_last", "_per_second")

    def __init__(self, per_second: float, burst: float, now: float) -> None:
        """Start full. `now` is in seconds of any clock."""
        self._per_second = per_second
        self._burst = self._allowance = max(burst, 1.0)
        self._last = now

    def allow(self, now: float, worth: float = 1.0) -> bool:
        """Take a token, or the fraction `worth`; return False, and take none, when too few are left."""
        self._allowance = min(self._burst, self._allowance + (now - self._last) * self._per_second)
        self._last = now
        if self._allowance < worth:
            return False
        self._allowance -= worth
        return True

    def wait(self) -> float:
        """Return the seconds until the next token."""
        return max(0.0, (1.0 - self._allowance) / self._per_second)

    def is_fresh(self, now: float) -> bool:
        """Return whether the bucket is full: then no earlier event counts any more."""
        return self._allowance + (now - self._last) * self._per_second >= self._burst
