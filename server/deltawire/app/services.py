"""Build the services of a process from its settings."""

from pathlib import Path
from typing import NamedTuple

import structlog

from deltawire.aio.spacing import Spacing
from deltawire.app.file_store import make_files
from deltawire.app.state_keys import find_state_key
from deltawire.chat.continuation import Continuations
from deltawire.chat.deadlines import Deadlines
from deltawire.chat.history import HistoryPool
from deltawire.chat.kept_calls.in_memory import MemorySteps
from deltawire.chat.kept_calls.steps import KeptCalls
from deltawire.chat.kept_calls.store import StepStore
from deltawire.chat.request import RoundBounds
from deltawire.chat.runs.elsewhere.store import RunStore
from deltawire.chat.runs.registry import RunBounds, Runs
from deltawire.chat.session_registry import SessionRegistry
from deltawire.chat.signed_state import StateSigner
from deltawire.chat.socket_services import SocketServices
from deltawire.chat.turn_registry import Bounds, TurnRegistry, TurnStores
from deltawire.config.settings import Settings, SettingsError
from deltawire.conversations.database import Database
from deltawire.conversations.files.store import FileStore
from deltawire.conversations.files.turn_files import TurnFiles
from deltawire.conversations.importing import Importer
from deltawire.conversations.library import Library
from deltawire.conversations.share_links import ShareLinks
from deltawire.conversations.sizes import StoreBounds, StoredSizes
from deltawire.conversations.store import ConversationStore
from deltawire.conversations.transcript import Transcripts
from deltawire.conversations.turn_context import ContextBounds
from deltawire.conversations.usage_history import UsageHistory, spool_folder
from deltawire.gemini.catalog import ModelCatalog
from deltawire.gemini.loading import LoadingUpstream
from deltawire.identity.authenticator import Authenticator
from deltawire.identity.quota import Quota
from deltawire.limits.backend import LimitsBackend
from deltawire.limits.in_memory import MemoryLeases, MemoryMeter, MemoryWindows
from deltawire.limits.ledger import Limits
from deltawire.limits.prices import Prices
from deltawire.routes.services import Services
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.refusals import Refusals
from deltawire.telemetry.run_observer import RunObserver
from deltawire.telemetry.turn_observer import Telemetry

log = structlog.get_logger(__name__)


class Stores(NamedTuple):
    """The stores that outlive a turn."""

    database: Database
    files: FileStore
    sizes: StoredSizes
    transcripts: Transcripts
    limits: Limits
    usage: UsageHistory


class Quotas(NamedTuple):
    """The quotas of the callers in this process."""

    sockets: Quota
    turns: Quota
    requests: Quota
    """The bytes of the requests of running turns."""
    arriving: Quota
    """The bytes of messages and bodies that are still coming."""
    unread: Quota
    """The bytes of long answers that the client has not taken yet."""


def make_quotas(settings: Settings) -> Quotas:
    """Return the quotas, of which nothing is used."""
    total = settings.max_memory_bytes
    memory = (total, settings.quota_of(total, settings.max_memory_bytes_per_caller, 8))
    sockets, turns = settings.max_sockets, settings.max_turns
    return Quotas(
        sockets=Quota("sockets", "MAX_SOCKETS", sockets, settings.quota_of(sockets, settings.max_sockets_per_caller)),
        turns=Quota("turns", "MAX_TURNS", turns, settings.quota_of(turns, settings.max_turns_per_caller)),
        requests=Quota("bytes of requests", "MAX_MEMORY_BYTES", *memory),
        arriving=Quota("bytes that still arrive", "MAX_MEMORY_BYTES", *memory),
        unread=Quota("bytes of answers that were not read", "MAX_MEMORY_BYTES", *memory),
    )


def open_stores(settings: Settings, catalog: ModelCatalog) -> Stores:
    """Return the stores; nothing is connected before it is used."""
    database = Database(settings.database)
    sizes = StoredSizes(
        StoreBounds(
            messages=settings.max_conversation_messages,
            bytes=settings.max_conversation_bytes,
            conversations=settings.max_conversations_per_caller,
            owner_bytes=settings.max_stored_bytes_per_caller,
        )
    )
    return Stores(
        database,
        make_files(settings, database),
        sizes,
        Transcripts(
            database,
            sizes,
            catalog,
            ContextBounds(settings.max_history_chars, settings.max_parts_bytes),
            settings.store_timeout,
        ),
        Limits(
            settings.limits,
            make_limits_backend(settings),
            Prices(own=settings.own_prices, may_search="search" in settings.tools),
            settings.limits_when_store_is_away,
            when_unpriced="refuse" if settings.needs_prices else "allow",
        ),
        UsageHistory(settings.database, usage_folder(settings)),
    )


def usage_folder(settings: Settings) -> Path | None:
    """Return the folder in which usage waits for the database; None without `DATA_DIR` and without a home folder."""
    try:
        return spool_folder(settings.folder, settings.database)
    except SettingsError:
        return None


def make_services(  # noqa: PLR0913 - what they are made of
    settings: Settings,
    turn_registry: TurnRegistry,
    authenticator: Authenticator,
    stores: Stores,
    metrics: Metrics,
    quotas: Quotas,
    *,
    upstream: LoadingUpstream,
) -> Services:
    """Return the services that the routes share."""
    memory = settings.max_memory_bytes
    each = settings.quota_of(memory, settings.max_memory_bytes_per_caller, 8)
    histories = HistoryPool(memory, each, settings.max_history_chars, settings.max_parts_bytes)
    refusals = Refusals(metrics)
    run_bounds = RunBounds(
        grace=settings.max_grace, bytes=settings.max_detached_bytes, slow_after=settings.send_timeout
    )
    runs = Runs(turn_registry, run_bounds, RunObserver(metrics), store=make_run_store(settings))
    socket_services = SocketServices(
        turn_registry=turn_registry,
        runs=runs,
        refusals=refusals,
        max_turns=settings.max_turns_per_socket,
        idle_timeout=settings.idle_timeout,
    )
    library = Library(stores.database)
    conversations = ConversationStore(stores.database, stores.sizes, settings.max_message_chars)
    remove_deleted = conversations.remove_deleted
    return Services(
        turn_registry=turn_registry,
        kept_calls=KeptCalls(make_step_store(settings), settings.max_history_chars, settings.max_parts_bytes),
        importer=Importer(stores.database, stores.sizes, library, settings.max_message_chars, remove_deleted),
        library=library,
        share_links=ShareLinks(stores.database, allows_public=settings.public_shares),
        arriving=quotas.arriving,
        body_bytes=settings.max_frame_bytes,
        conversations=conversations,
        files=stores.files,
        large_bodies=Spacing(),
        limits=stores.limits,
        metrics=metrics,
        refusals=refusals,
        runs=runs,
        sessions=SessionRegistry(socket_services, authenticator, histories, metrics),
        upstream=upstream,
        title_model=settings.title_model if settings.has_upstream else None,
        send_timeout=settings.send_timeout,
    )


def make_catalog(settings: Settings) -> ModelCatalog:
    """Return the models that clients may ask; without an upstream only the stand-in."""
    return ModelCatalog(
        models=settings.offered_models,
        default=settings.model_by_default,
        fallbacks=settings.fallback_models if settings.has_upstream else (),
        any=settings.has_upstream and "*" in settings.models,
        tools=settings.tools,
        vertex=settings.has_upstream and settings.vertex,
        standin=not settings.has_upstream,
    )


def make_limits_backend(settings: Settings) -> LimitsBackend:
    """Return the backend of the limits. Its library loads slowly, so it is imported only where it is used."""
    if settings.redis_url is not None:
        from deltawire.limits.redis.backend import redis_backend  # noqa: PLC0415

        return redis_backend(settings.redis_url.get_secret_value())
    windows = MemoryWindows() if settings.turns_per_minute is not None else None
    return LimitsBackend(windows=windows, leases=MemoryLeases(), meter=MemoryMeter())


def make_run_store(settings: Settings) -> RunStore | None:
    """Return the store through which processes reach each other's runs; None without one, or without runs."""
    if settings.redis_url is None or not settings.max_grace:
        return None
    from deltawire.chat.runs.elsewhere.redis_store import RedisRunStore  # noqa: PLC0415 - as above

    return RedisRunStore(settings.redis_url.get_secret_value())


def make_step_store(settings: Settings) -> StepStore:
    """Return the store of the model's parts with calls; with a URL, one that replicas share."""
    if settings.redis_url is None:
        return MemorySteps()
    from deltawire.chat.kept_calls.redis_store import RedisSteps  # noqa: PLC0415 - as above

    return RedisSteps(settings.redis_url.get_secret_value())


def make_turn_registry(
    settings: Settings, catalog: ModelCatalog, stores: Stores, telemetry: Telemetry, quotas: Quotas
) -> TurnRegistry:
    """Return the registry of turns, which is closed until it is given an upstream."""
    return TurnRegistry(
        catalog,
        Bounds(
            message_chars=settings.max_message_chars,
            history_chars=settings.max_history_chars,
            answer_chars=settings.max_answer_chars,
            rounds=RoundBounds(
                rounds=settings.max_tool_rounds,
                result_chars=settings.max_message_chars,
                bytes=settings.max_parts_bytes,
            ),
            turns=quotas.turns,
            memory=quotas.requests,
        ),
        Deadlines(
            first_token=settings.first_token_timeout,
            token=settings.token_timeout,
            turn=settings.turn_timeout,
            tool=settings.tool_timeout,
            retries=settings.retries,
            retry_max_delay=settings.retry_max_delay,
        ),
        TurnStores(stores.transcripts, stores.limits, stores.usage, TurnFiles(stores.files)),
        telemetry,
        Continuations(StateSigner(find_state_key(settings)), catalog),
    )
