"""The services and bounds that all sockets of a process share."""

import msgspec

from deltawire.chat.admission import Admission
from deltawire.chat.runs.registry import Runs
from deltawire.telemetry.refusals import Refusals


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """The services and bounds that all sockets share."""

    admission: Admission
    runs: Runs
    refusals: Refusals
    max_turns: int
    """Turns at once on one socket."""
    idle_timeout: float
    """Seconds with no frame from the client and no turn."""
