"""The services that routes share, as one dependency: for several, Litestar makes a task each with every request."""

import msgspec

from deltawire.chat.admission import Admission
from deltawire.chat.session_registry import SessionRegistry
from deltawire.conversations.store import ConversationStore
from deltawire.limits.ledger import Limits
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.refusals import Refusals


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Built once for the process, in `app`."""

    admission: Admission
    conversations: ConversationStore
    limits: Limits
    metrics: Metrics
    refusals: Refusals
    sessions: SessionRegistry
    send_timeout: float
    """Seconds that a send may wait for its client to read."""
