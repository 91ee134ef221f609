"""Bounds on what one client sends: its rates, and the memory of a message that is still coming."""

from typing import Final

import msgspec

from deltawire.aio.token_bucket import TokenBucket
from deltawire.limits.shares import Holding, Shares

_BURST_SECONDS: Final = 5
"""A client may send this many seconds' worth of frames and of bytes at once."""
_UNCOUNTED_BYTES: Final = 2**16
"""Bytes of an unfinished message that count for nobody's share: most messages are shorter."""


class SocketRates(msgspec.Struct, frozen=True, kw_only=True):
    """The frames and bytes that one client may send in a second, on average, and the memory for unfinished messages."""

    frames: int
    """Frames of any kind."""
    bytes: int
    arriving: Shares


class Intake:
    """The rates of one socket, and its part of its caller's share."""

    def __init__(self, rates: SocketRates, max_frame_bytes: int, now: float) -> None:
        """Start with full rates; two of the largest frames may always come at once. `now` is the loop's time."""
        self._frames = TokenBucket(rates.frames, rates.frames * _BURST_SECONDS, now)
        self._bytes = TokenBucket(rates.bytes, max(rates.bytes * _BURST_SECONDS, 2 * max_frame_bytes), now)
        self._arriving = rates.arriving
        self._holding: Holding | None = None

    def allows_frame(self, now: float, worth: float) -> bool:
        """Count a frame, or the fraction `worth` of one; return False when there were too many."""
        return self._frames.allow(now, worth)

    def allows_bytes(self, now: float, count: int) -> bool:
        """Count bytes; return False when there were too many."""
        return self._bytes.allow(now, count)

    def hold(self, caller: str, unfinished: int) -> None:
        """Count the bytes of an unfinished message for its caller; raise `Failure` when they have too many of them."""
        if unfinished <= _UNCOUNTED_BYTES:
            self.release()
            return
        if self._holding is None:
            self._holding = Holding(self._arriving, caller)
        self._holding.become(unfinished)

    def release(self) -> None:
        """Give back all that is held."""
        if self._holding is not None:
            self._holding.become(0)
