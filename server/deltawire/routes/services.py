"""The services that routes share, as one dependency: with several, Litestar creates a task for each, every request."""

from typing import Final

import msgspec

from deltawire.aio.spacing import Spacing
from deltawire.chat.kept_calls.steps import KeptCalls
from deltawire.chat.runs.registry import Runs
from deltawire.chat.session_registry import SessionRegistry
from deltawire.chat.turn_registry import TurnRegistry
from deltawire.conversations.files.store import FileStore
from deltawire.conversations.importing import Importer
from deltawire.conversations.library import Library
from deltawire.conversations.share_links import ShareLinks
from deltawire.conversations.store import ConversationStore
from deltawire.gemini.loading import LoadingUpstream
from deltawire.identity.quota import Quota
from deltawire.limits.ledger import Limits
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.refusals import Refusals

LARGE_BYTES: Final = 2**16
"""A longer message or body takes so long to parse that others go first. A text message is counted in characters."""
_SECONDS_PER_BYTE: Final = 5e-8
"""The pause after a large message, for each of its bytes: more than twice the time to read and check it."""


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """The shared services, built once for the process in `app`."""

    turn_registry: TurnRegistry
    arriving: Quota
    """The bytes of bodies and of large messages, by caller, while they come or wait to be read."""
    body_bytes: int
    """The most bytes of a body, without the files within it."""
    conversations: ConversationStore
    importer: Importer
    kept_calls: KeptCalls
    """The model's parts of answers with calls, for clients of OpenAI's wire."""
    library: Library
    share_links: ShareLinks
    files: FileStore
    large_bodies: Spacing
    """The large messages and bodies that have arrived: those of one caller are read one by one, with pauses between."""
    limits: Limits
    metrics: Metrics
    refusals: Refusals
    runs: Runs
    sessions: SessionRegistry
    upstream: LoadingUpstream
    title_model: str | None
    """The model that makes titles; None where none does."""
    send_timeout: float
    """Seconds that a send may wait for its client to read."""

    async def wait_to_read(self, caller: str, size: int) -> None:
        """Wait until a message or a body of this size may be read; a small one is read at once.

        `size` is as for `LARGE_BYTES`. A caller's large ones take at most a third of the time.
        """
        if size > LARGE_BYTES:
            await self.large_bodies.wait(caller, size * _SECONDS_PER_BYTE)
