"""Bounds on what one client sends: its rates, and the memory of a message that is still coming."""

from typing import Final

import msgspec

from deltawire.aio.fair_queue import FairQueue
from deltawire.aio.token_bucket import TokenBucket
from deltawire.identity.quota import Holding, Quota

_BURST_SECONDS: Final = 5
"""A client may send this many seconds' worth of frames and of bytes at once."""
_UNCOUNTED_BYTES: Final = 2**16
"""Bytes of an unfinished message that count for nobody's quota: most messages are shorter."""


class SocketRates(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on what one client sends: frames and bytes in a second, on average, and bytes of unfinished messages."""

    frames: int
    """Frames of any kind."""
    bytes: int
    """Bytes of frames, with their heads."""
    arriving: Quota
    """The bytes of unfinished messages, by caller."""
    fair: FairQueue
    """Spreads the frames of a caller who sends much over steps of the event loop."""


class Intake:
    """The rates of one socket, and its part of its caller's quota."""

    def __init__(self, rates: SocketRates, max_frame_bytes: int, now: float) -> None:
        """Start with full rates; two of the largest frames may always come at once. `now` is the loop's time."""
        self.frames = TokenBucket(rates.frames, rates.frames * _BURST_SECONDS, now)
        """A token is a frame; a fragment is worth less."""
        self.bytes = TokenBucket(rates.bytes, max(rates.bytes * _BURST_SECONDS, 2 * max_frame_bytes), now)
        """A token is a byte."""
        self.holding: Holding | None = None
        """The part of the caller's quota that an unfinished message takes now."""
        self._arriving = rates.arriving

    def hold(self, caller: str, unfinished: int) -> None:
        """Count the bytes of an unfinished message for its caller; raise `Failure` when the caller has too many."""
        if unfinished <= _UNCOUNTED_BYTES:
            self.release()
            return
        if self.holding is None:
            self.holding = Holding(self._arriving, caller)
        self.holding.set_amount(unfinished)

    def release(self) -> None:
        """Release all that is held."""
        if self.holding is not None:
            self.holding.set_amount(0)
            self.holding = None
