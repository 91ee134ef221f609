"""The states of a turn, and how it is cancelled.

Their values are labels of metrics and words of the log: docs/reference/metrics.md lists them.
"""

from enum import StrEnum

import msgspec

from deltawire.protocol.errors import Failure


class Phase(StrEnum):
    """The phase of a turn. It changes in one method, `Turn._enter`."""

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
    SEND = "send"
    """A frame is being sent, or waits for its listener to read."""
    SETTLE = "settle"
    """The upstream is closed; the answer is stored and charged before the end is told."""
    ENDED = "ended"
    """The end was told, or the listener has left."""


class Reason(StrEnum):
    """Why a turn was cancelled."""

    USER_CANCEL = "user_cancel"
    """The listener sent `cancel`."""
    CLIENT_GONE = "client_gone"
    SLOW_CLIENT = "slow_client"
    """The listener did not read within SEND_TIMEOUT."""
    DRAIN = "drain"
    """The server stops."""
    IDLE = "idle"
    BROKEN_FRAME = "broken_frame"
    FLOOD = "flood"
    BUG = "bug"


class Cancellation(msgspec.Struct, frozen=True):
    """Why and when a turn was cancelled. The first one counts."""

    reason: Reason
    phase: Phase
    """The phase of the turn at that moment."""
    failure: Failure | None = None
    """The error for the listener; None where the end is a `usage` that says `cancelled`."""
