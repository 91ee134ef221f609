"""The composition root: it builds the services of a process and joins them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import stamina.instrumentation
import structlog
from litestar import Litestar
from litestar.di import Provide

from deltawire.api_docs import asyncapi_page, openapi
from deltawire.chat.admission import Admission, Bounds
from deltawire.chat.deadlines import Deadlines
from deltawire.chat.history import HistoryPool
from deltawire.chat.session import SocketBounds
from deltawire.chat.session_registry import SessionRegistry
from deltawire.config.environment import load
from deltawire.config.settings import Settings
from deltawire.conversations.clearing import leftovers_cleared
from deltawire.conversations.database import Database
from deltawire.conversations.store import ConversationStore
from deltawire.conversations.transcript import Transcripts
from deltawire.edge import problem_details
from deltawire.edge.connection_limits import ConnectionLimits
from deltawire.edge.cors import OriginPolicy
from deltawire.edge.forwarded import TrustedProxies
from deltawire.edge.gate import AccessPolicy, Gate
from deltawire.edge.json_response import JsonResponse
from deltawire.edge.public_routes import ANY_HOST, PUBLIC, paths_marked, patterns_marked
from deltawire.edge.static_files import page
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
from deltawire.process.server import Listening, Service
from deltawire.routes.chat import Answer, chat, chat_stream
from deltawire.routes.conversations import conversations
from deltawire.routes.health import live, ready
from deltawire.routes.metrics import scraping
from deltawire.routes.models import list_models
from deltawire.routes.services import Services
from deltawire.routes.usage import read_usage
from deltawire.routes.websocket import chat_socket
from deltawire.telemetry import logs
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.refusals import Refusals
from deltawire.telemetry.turn_observer import Telemetry

if TYPE_CHECKING:  # an optional dependency
    from deltawire.telemetry.traces import Tracing

log = structlog.get_logger(__name__)


class _Stores(NamedTuple):
    """The stores that outlive a turn."""

    database: Database
    transcripts: Transcripts
    limits: Limits


def create_app(settings: Settings | None = None) -> Litestar:
    """Return the application; without settings, with those of the environment. Raise `SettingsError` for bad ones."""
    app: Litestar = assemble(settings or load()).app
    return app


def build(settings: Settings) -> Service:
    """Set up the logs of a process, and assemble its service."""
    if not structlog.is_configured():  # in a worker process
        configure_logs(settings)
    return assemble(settings)


def configure_logs(settings: Settings) -> None:
    """Log as the settings say."""
    console = settings.log_format == "console" or (settings.log_format is None and sys.stdout.isatty())
    logs.configure(settings.log_level, json=not console)


def assemble(settings: Settings) -> Service:
    """Build the service of one process."""
    stamina.instrumentation.set_on_retry_hooks([])  # they would log a driver's message
    catalog = _catalog(settings)
    stores = _stores(settings, catalog)
    key_set = KeySet(settings.jwt_jwks_url) if settings.jwt_jwks_url is not None else None
    authenticator = _authenticator(settings, key_set)
    metrics = Metrics({*catalog.models, *catalog.fallbacks})
    tracing = _tracing(settings)
    admission = _admission(settings, catalog, stores, Telemetry(metrics, tracing))
    services = _services(settings, admission, authenticator, stores, metrics)
    connection_limits = ConnectionLimits(settings.max_sockets, settings.max_handshakes_per_minute)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if tracing is not None:
                stack.push_async_callback(asyncio.to_thread, tracing.close)
            stack.push_async_callback(stores.database.close)
            stack.push_async_callback(stores.transcripts.close)
            stack.push_async_callback(stores.limits.close)
            stores.limits.prices.load()
            stack.push_async_callback(stores.limits.prices.close)
            await stack.enter_async_context(leftovers_cleared(settings.database))
            if key_set is not None:
                await stack.enter_async_context(key_set)
            admission.open(await stack.enter_async_context(GeminiClient(await _account(settings, stack))))
            _announce(settings)
            yield

    app = _litestar(settings, services, lifespan)
    # Litestar's own middleware sees only requests that have found a route.
    app.asgi_handler = Gate(
        app.asgi_handler, _access_policy(settings, authenticator, app), connection_limits, services.refusals
    )
    drain = Drain(admission, services.sessions, connection_limits, settings.drain_timeout)
    return Service(app, _listening(settings), drain)


def _litestar(
    settings: Settings, services: Services, lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]]
) -> Litestar:
    any_host_may_scrape = settings.metrics_token is not None or settings.asks_who
    return Litestar(
        route_handlers=[
            *(chat_socket, chat, chat_stream, list_models, read_usage, conversations, live, ready),
            scraping(services.metrics, settings.metrics_token, any_host=any_host_may_scrape),
            *(asyncapi_page.socket_contract(), openapi.assets(), page()),
        ],
        dependencies={"services": Provide(lambda: services, sync_to_thread=False)},
        response_class=JsonResponse,
        exception_handlers={Exception: problem_details.responder(services.refusals)},
        lifespan=[lifespan],
        request_max_body_size=settings.max_frame_bytes,
        logging_config=None,
        openapi_config=openapi.document(Answer),
    )


def _access_policy(settings: Settings, authenticator: Authenticator, app: Litestar) -> AccessPolicy:
    return AccessPolicy(
        allowed_hosts=settings.allowed_hosts,
        origins=OriginPolicy(settings.allowed_origins),
        proxies=TrustedProxies(settings.trusted_proxies),
        authenticator=authenticator,
        any_host_paths=paths_marked(app, ANY_HOST),
        public_paths=paths_marked(app, PUBLIC),
        public_patterns=patterns_marked(app),
    )


def _listening(settings: Settings) -> Listening:
    return Listening(
        max_frame_bytes=settings.max_frame_bytes,
        max_frames_per_second=settings.max_frames_per_second,
        ping_interval=settings.ping_interval,
        ping_timeout=settings.ping_timeout,
        handshake_timeout=settings.handshake_timeout,
        send_timeout=settings.send_timeout,
        keep_alive_timeout=settings.keep_alive_timeout,
    )


def _stores(settings: Settings, catalog: ModelCatalog) -> _Stores:
    database = Database(settings.database)
    return _Stores(
        database,
        Transcripts(database, catalog, settings.max_history_chars, settings.store_timeout),
        Limits(settings.limits, _limits_backend(settings), Prices(), settings.limits_when_store_is_away),
    )


def _services(
    settings: Settings, admission: Admission, authenticator: Authenticator, stores: _Stores, metrics: Metrics
) -> Services:
    histories = HistoryPool(settings.max_memory_bytes, settings.max_history_chars)
    bounds = SocketBounds(turns=settings.max_turns_per_socket, idle_timeout=settings.idle_timeout)
    refusals = Refusals(metrics)
    return Services(
        admission=admission,
        conversations=ConversationStore(stores.database, settings.max_message_chars),
        limits=stores.limits,
        metrics=metrics,
        refusals=refusals,
        sessions=SessionRegistry(admission, authenticator, histories, bounds, metrics, refusals),
        send_timeout=settings.send_timeout,
    )


def _authenticator(settings: Settings, key_set: KeySet | None) -> Authenticator:
    """Return the authenticator, with the keys and tokens that are set up."""
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
    """Return the account: Gemini with the SDK's own variables, or the stand-in, which is started here."""
    if not settings.has_upstream:
        from deltawire.gemini.standin import StandIn  # noqa: PLC0415 - who has a key need not wait for its web server

        standin = await stack.enter_async_context(StandIn())
        return Account(api_key="offline", base_url=standin.url, api_version="v1beta", proxies=False)
    key = settings.api_key.get_secret_value() if settings.api_key is not None else None
    if not settings.vertex:
        # The SDK's own default, v1, does not accept every field that we send.
        return Account(api_key=key, api_version=os.environ.get("GOOGLE_GENAI_API_VERSION") or "v1beta")
    project = os.environ.get("GOOGLE_CLOUD_PROJECT")
    if project is None:
        return Account(vertex=True, api_key=key)
    # Both are named, because the SDK drops them when GOOGLE_VERTEX_BASE_URL is set.
    return Account(vertex=True, project=project, location=os.environ.get("GOOGLE_CLOUD_LOCATION") or "global")


def _tracing(settings: Settings) -> "Tracing | None":
    """Return the tracing; None where no exporter is set up."""
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
    """Return the backend of the limits. Its libraries load slowly, so each is imported only where it is used."""
    if settings.redis_url is not None:
        from deltawire.limits.redis.backend import redis_backend  # noqa: PLC0415

        return redis_backend(settings.redis_url.get_secret_value())
    windows = None
    if settings.turns_per_minute is not None:
        from deltawire.limits.windows import MovingWindows  # noqa: PLC0415

        windows = MovingWindows()
    return LimitsBackend(windows=windows, leases=MemoryLeases(), meter=MemoryMeter())


def _admission(settings: Settings, catalog: ModelCatalog, stores: _Stores, telemetry: Telemetry) -> Admission:
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
        stores.transcripts,
        stores.limits,
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
