"""Where the parts are built and joined, and nowhere else."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import stamina.instrumentation
import structlog
from litestar import Litestar
from litestar.di import Provide

from deltawire.api_docs import asyncapi_page as socket_page
from deltawire.api_docs.openapi import PATHS, assets, document
from deltawire.chat.admission import Admission, Bounds
from deltawire.chat.deadlines import Deadlines
from deltawire.chat.history import HistoryPool
from deltawire.chat.session import SocketBounds
from deltawire.chat.session_registry import SessionRegistry
from deltawire.config.settings import Settings, load
from deltawire.conversations.database import Database
from deltawire.conversations.store import ConversationStore
from deltawire.conversations.transcript import Transcripts
from deltawire.edge import problem_details as problems
from deltawire.edge.connection_limits import ConnectionLimits
from deltawire.edge.cors import OriginPolicy
from deltawire.edge.forwarded import TrustedProxies
from deltawire.edge.gate import AccessPolicy, Gate
from deltawire.edge.static_files import CONVERSATION, page
from deltawire.gemini.catalog import ModelCatalog
from deltawire.gemini.client import Account, GeminiClient
from deltawire.identity.api_keys import ApiKeys, KeyFile, parse_keys
from deltawire.identity.authenticator import Authenticator
from deltawire.identity.jwt_tokens import JwtTokens, KeySource, SharedSecret
from deltawire.identity.key_set import KeySet
from deltawire.limits.backend import LimitsBackend
from deltawire.limits.in_memory import MemoryLeases, MemoryMeter
from deltawire.limits.ledger import Limits
from deltawire.limits.prices import Prices
from deltawire.process.drain import Drain
from deltawire.process.server import Listening
from deltawire.routes.chat import Answer, chat, chat_stream
from deltawire.routes.conversations import conversations
from deltawire.routes.health import PROBES, live, ready
from deltawire.routes.metrics import scraping
from deltawire.routes.models import list_models
from deltawire.routes.services import Services
from deltawire.routes.usage import read_usage
from deltawire.routes.websocket import chat_socket
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.turn_observer import Telemetry

if TYPE_CHECKING:  # it needs what is not always installed
    from deltawire.telemetry.traces import Tracing

log = structlog.get_logger(__name__)


class Service(NamedTuple):
    """The application, and the way to end it."""

    app: Litestar
    drain: Drain


def create_app(settings: Settings | None = None) -> Litestar:
    """The application; without settings, those of the environment. Raise `SettingsError` for bad ones."""
    return assemble(settings or load()).app


def assemble(settings: Settings) -> Service:
    """Build the parts of one process and join them."""
    stamina.instrumentation.set_on_retry_hooks([])  # they would log what a driver said
    database = Database(settings.database)
    catalog = _catalog(settings)
    transcripts = Transcripts(database, catalog, settings.max_history_chars, settings.store_timeout)
    key_set = KeySet(settings.jwt_jwks_url) if settings.jwt_jwks_url is not None else None
    authenticator = _authenticator(settings, key_set)
    metrics = Metrics({*catalog.models, *catalog.fallbacks})
    tracing = _tracing(settings)
    limits = Limits(settings.limits, _limits_backend(settings), Prices(), settings.limits_when_store_is_away)
    admission = _admission(settings, catalog, transcripts, limits, Telemetry(metrics, tracing))
    sessions = SessionRegistry(
        admission,
        authenticator,
        HistoryPool(settings.max_memory_bytes, settings.max_history_chars),
        SocketBounds(
            turns=settings.max_turns_per_socket,
            idle_timeout=settings.idle_timeout,
        ),
        metrics,
    )
    parts = Services(
        admission=admission,
        conversations=ConversationStore(database, settings.max_message_chars),
        limits=limits,
        metrics=metrics,
        sessions=sessions,
        send_timeout=settings.send_timeout,
    )
    connection_limits = ConnectionLimits(settings.max_sockets, settings.max_handshakes_per_minute)

    @asynccontextmanager
    async def upstream(_: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if tracing is not None:
                stack.push_async_callback(asyncio.to_thread, tracing.close)
            stack.push_async_callback(database.close)
            stack.push_async_callback(transcripts.close)
            stack.push_async_callback(limits.close)
            limits.prices.load()
            if key_set is not None:
                await stack.enter_async_context(key_set)
            admission.open(await stack.enter_async_context(GeminiClient(await _account(settings, stack))))
            _announce(settings)
            yield

    chat_page, schema_assets = page(), assets()
    app = Litestar(
        route_handlers=[
            *(chat_socket, chat, chat_stream, list_models, read_usage, conversations, live, ready),
            *(scraping(metrics, settings.metrics_token), socket_page.socket_contract()),
            *(schema_assets.router, chat_page.router),
        ],
        dependencies={"parts": Provide(lambda: parts, sync_to_thread=False)},
        exception_handlers={Exception: problems.responder(metrics)},
        lifespan=[upstream],
        request_max_body_size=settings.max_frame_bytes,
        logging_config=None,
        openapi_config=document(Answer),
    )
    # Litestar's own middleware would see only what has found a route.
    app.asgi_handler = Gate(
        app.asgi_handler,
        AccessPolicy(
            allowed_hosts=settings.allowed_hosts,
            origins=OriginPolicy(settings.allowed_origins),
            proxies=TrustedProxies(settings.trusted_proxies),
            authenticator=authenticator,
            probes=_probes(settings),
            open_paths=_open_paths(settings) | PATHS | socket_page.PATHS | schema_assets.paths | chat_page.paths,
            open_shape=CONVERSATION,
        ),
        connection_limits,
        metrics,
    )
    return Service(app, Drain(admission, sessions, connection_limits, settings.drain_timeout))


def listening(settings: Settings) -> Listening:
    """How the process listens."""
    return Listening(
        max_frame_bytes=settings.max_frame_bytes,
        max_frames_per_second=settings.max_frames_per_second,
        ping_interval=settings.ping_interval,
        ping_timeout=settings.ping_timeout,
        handshake_timeout=settings.handshake_timeout,
    )


def _probes(settings: Settings) -> frozenset[str]:
    """What may be asked by any name.

    The metrics only where they want a token or a key: a page whose name was bound to our address has neither.
    """
    return PROBES | ({"/metrics"} if settings.metrics_token is not None or settings.asks_who else set())


def _open_paths(settings: Settings) -> frozenset[str]:
    """What is open to those who do not say who they are; the metrics only where they have a token of their own."""
    return PROBES | ({"/metrics"} if settings.metrics_token is not None else set())


def _authenticator(settings: Settings, key_set: KeySet | None) -> Authenticator:
    """Whoever lets people in, by whatever is set up."""
    keys, tokens = None, None
    if settings.api_keys is not None or settings.api_keys_file is not None:
        fixed = settings.api_keys.get_secret_value().split(",") if settings.api_keys is not None else ()
        file = KeyFile(settings.api_keys_file) if settings.api_keys_file is not None else None
        keys = ApiKeys(parse_keys(fixed), file)
    source: KeySource | None = key_set
    if settings.jwt_secret is not None:
        source = SharedSecret(settings.jwt_secret.get_secret_value())
    if source is not None:
        tokens = JwtTokens(source, settings.jwt_issuer, settings.jwt_audience)
    return Authenticator(keys, tokens)


async def _account(settings: Settings, stack: AsyncExitStack) -> Account:
    """Whom to ask: Gemini with the SDK's own variables, or the stand-in, which it starts."""
    if not settings.has_upstream:
        from deltawire.gemini.standin import StandIn  # noqa: PLC0415 - who has a key need not wait for its web server

        standin = await stack.enter_async_context(StandIn())
        return Account(api_key="offline", base_url=standin.url, api_version="v1beta", proxies=False)
    key = settings.api_key.get_secret_value() if settings.api_key is not None else None
    if not settings.vertex:
        # The SDK's own default, v1, does not take every field that we send.
        return Account(api_key=key, api_version=os.environ.get("GOOGLE_GENAI_API_VERSION") or "v1beta")
    project = os.environ.get("GOOGLE_CLOUD_PROJECT")
    if project is None:
        return Account(vertex=True, api_key=key)
    # Named explicitly, because the SDK drops both when GOOGLE_VERTEX_BASE_URL is set.
    return Account(vertex=True, project=project, location=os.environ.get("GOOGLE_CLOUD_LOCATION") or "global")


def _tracing(settings: Settings) -> "Tracing | None":
    """Whoever makes spans, where they are wanted."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return None
    try:
        from deltawire.telemetry.traces import Tracing  # noqa: PLC0415 - it needs what is not always installed
    except ModuleNotFoundError as missing:
        log.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but nothing is traced: install deltawire[otel]", missing=missing.name
        )
        return None
    provider = ("gcp.vertex_ai" if settings.vertex else "gcp.gemini") if settings.has_upstream else "deltawire.standin"
    return Tracing(provider, content=settings.trace_content)


def _catalog(settings: Settings) -> ModelCatalog:
    return ModelCatalog(
        models=settings.offered,
        default=settings.asked_by_default,
        fallbacks=settings.fallback_models if settings.has_upstream else (),
        any=settings.has_upstream and "*" in settings.models,
    )


def _limits_backend(settings: Settings) -> LimitsBackend:
    """Whoever counts; the libraries that do it take a while to load, so they are where they are needed only."""
    if settings.redis_url is not None:
        from deltawire.limits.redis.backend import redis_backend  # noqa: PLC0415

        return redis_backend(settings.redis_url.get_secret_value())
    windows = None
    if settings.turns_per_minute is not None:
        from deltawire.limits.windows import MovingWindows  # noqa: PLC0415

        windows = MovingWindows()
    return LimitsBackend(windows=windows, leases=MemoryLeases(), meter=MemoryMeter())


def _admission(
    settings: Settings, catalog: ModelCatalog, transcripts: Transcripts, limits: Limits, telemetry: Telemetry
) -> Admission:
    return Admission(
        catalog,
        Bounds(
            message_chars=settings.max_message_chars,
            history_chars=settings.max_history_chars,
            turns=settings.max_turns,
        ),
        Deadlines(
            connect=settings.connect_timeout,
            first_token=settings.first_token_timeout,
            token=settings.token_timeout,
            turn=settings.turn_timeout,
            retries=settings.retries,
            retry_max_delay=settings.retry_max_delay,
        ),
        transcripts,
        limits,
        telemetry,
    )


def _announce(settings: Settings) -> None:
    if settings.redis_url is None and settings.workers > 1:
        log.warning(
            "limits and usage: each worker counts for itself; set REDIS_URL to share them", workers=settings.workers
        )
    if settings.limits.by_name and not settings.asks_who:
        log.warning("limits: nothing asks who is there, so everybody together is one caller")
    if settings.has_upstream:
        log.info("upstream: Gemini", model=settings.asked_by_default, vertex=settings.vertex or None)
    else:
        log.warning(
            "upstream: the offline stand-in; no real model is behind it. Set GEMINI_API_KEY for one",
            model=settings.asked_by_default,
        )
