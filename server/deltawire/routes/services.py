"""The services that routes share, as one dependency: with several, Litestar creates a task for each, every request."""

import msgspec

from deltawire.chat.admission import Admission
from deltawire.chat.runs.registry import Runs
from deltawire.chat.session_registry import SessionRegistry
from deltawire.conversations.store import ConversationStore
from deltawire.limits.ledger import Limits
from deltawire.limits.shares import Shares
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.refusals import Refusals


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """The shared services, built once for the process in `app`."""

    admission: Admission
    arriving: Shares
    """The bytes of bodies that are still coming."""
    conversations: ConversationStore
    limits: Limits
    metrics: Metrics
    refusals: Refusals
    runs: Runs
    sessions: SessionRegistry
    send_timeout: float
    """Seconds that a send may wait for its client to read."""
