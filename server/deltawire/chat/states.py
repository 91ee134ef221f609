"""The phases of a turn, and the reasons of its cancellation.

Their values are values of metric labels and of log fields: docs/reference/metrics.md lists them.
"""

from enum import StrEnum

import msgspec

from deltawire.protocol import close_codes
from deltawire.protocol.errors import Failure


class Phase(StrEnum):
    """The phase of a turn. Only `Turn` changes it: in `_enter`, and for each read in `_next_events`."""

    BEGIN = "begin"
    """Accepted: limits are checked, the question is stored, nothing is asked yet."""
    CONNECT = "connect"
    """The upstream was asked, and has not answered."""
    FIRST_TOKEN = "first_token"  # noqa: S105 - no password
    """The upstream has answered, without a token yet."""
    BACKOFF = "backoff"
    """An attempt has failed; the next one waits."""
    STREAMING = "streaming"
    """The next events of the answer are awaited."""
    WAITING = "waiting"
    """The model has called functions, and their results are awaited."""
    SEND = "send"
    """A frame is being sent, or waits for its listener to read."""
    SETTLE = "settle"
    """The upstream is closed; the answer is stored and charged before the end is sent."""
    ENDED = "ended"
    """The end was sent, or the listener has left."""


class Reason(StrEnum):
    """The reason of a cancellation."""

    USER_CANCEL = "user_cancel"
    """The listener sent `cancel`."""
    CLIENT_GONE = "client_gone"
    SLOW_CLIENT = "slow_client"
    """The listener did not read within SEND_TIMEOUT."""
    EXPIRED = "expired"
    """Nobody listened for longer than the turn's grace."""
    DRAIN = "drain"
    """The server stops."""
    IDLE = "idle"
    BROKEN_FRAME = "broken_frame"
    FLOOD = "flood"
    UNAUTHENTICATED = "unauthenticated"
    BUG = "bug"


class Cancellation(msgspec.Struct, frozen=True):
    """The cancellation of a turn. Only the first one counts."""

    reason: Reason
    phase: Phase
    """The phase of the turn when it was cancelled."""
    failure: Failure | None = None
    """The error for the listener; None where the end is a `usage` with the finish reason `cancelled`."""


def reason_of(code: int | None) -> Reason:
    """Return the reason of a close, by the code that the server sent; `code` is None when the client left."""
    row = close_codes.TABLE.get(code or 0)
    return Reason.CLIENT_GONE if row is None or row.reason is None else Reason(row.reason)
