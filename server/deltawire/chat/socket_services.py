"""The services and bounds that all sockets of a process share."""

import msgspec

from deltawire.chat.runs.registry import Runs
from deltawire.chat.turn_registry import TurnRegistry
from deltawire.telemetry.refusals import Refusals


class SocketServices(msgspec.Struct, frozen=True, kw_only=True):
    """The services and bounds that all sockets share."""

    turn_registry: TurnRegistry
    runs: Runs
    refusals: Refusals
    max_turns: int
    """Turns at once on one socket."""
    idle_timeout: float
    """Seconds with no frame from the client and no turn."""
