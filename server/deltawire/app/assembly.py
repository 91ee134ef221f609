"""Assemble the application of a process: its services, its routes, and the gate before them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial

import stamina.instrumentation
import structlog
from litestar import Litestar
from litestar.di import Provide
from litestar.plugins import PluginProtocol

from deltawire.aio.fair_queue import FairQueue
from deltawire.api_docs import asyncapi_page, openapi
from deltawire.app.authentication import make_authenticator, make_key_set
from deltawire.app.services import (
    Quotas,
    make_catalog,
    make_quotas,
    make_services,
    make_turn_registry,
    open_stores,
)
from deltawire.app.tracing import make_tracing
from deltawire.app.upstream import load_client
from deltawire.config.environment import load
from deltawire.config.settings import Settings
from deltawire.conversations.clearing import leftovers_cleared
from deltawire.conversations.files.sweep import swept
from deltawire.edge import error_handler
from deltawire.edge.connection_limits import ConnectionLimits
from deltawire.edge.cors import OriginPolicy
from deltawire.edge.forwarded import TrustedProxies
from deltawire.edge.gate import AccessPolicy, Gate
from deltawire.edge.json_response import JsonResponse
from deltawire.edge.public_routes import ANY_HOST, PUBLIC, paths_marked, patterns_marked
from deltawire.edge.static_files import page
from deltawire.gemini.loading import LoadingUpstream
from deltawire.identity.authenticator import Authenticator
from deltawire.process.drain import Drain
from deltawire.process.server import Listening, Service
from deltawire.routes.answers import Answer
from deltawire.routes.chat import chat, chat_stream
from deltawire.routes.conversations import conversations
from deltawire.routes.files import files
from deltawire.routes.health import live, ready
from deltawire.routes.library import folders, prompts
from deltawire.routes.metrics import scraping
from deltawire.routes.models import list_models
from deltawire.routes.openai import openai
from deltawire.routes.run_report import RunList
from deltawire.routes.runs import runs
from deltawire.routes.services import Services
from deltawire.routes.shares import create_share, reading_shared, shares
from deltawire.routes.titles import make_title
from deltawire.routes.unread_responses import UnreadResponses
from deltawire.routes.usage import read_usage
from deltawire.routes.websocket import SocketRoute, socket_path
from deltawire.telemetry import logs
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.turn_observer import Telemetry
from deltawire.transport.intake import SocketRates

log = structlog.get_logger(__name__)


def create_app(settings: Settings | None = None) -> Litestar:
    """Return the application; settings default to those of the environment. Raise `SettingsError` for invalid ones."""
    app: Litestar = assemble(settings or load()).app
    return app


def build(settings: Settings) -> Service:
    """Set up the logs of a process, and assemble its service."""
    if not structlog.is_configured():  # in a worker process
        logs.configure(settings.log_level, settings.log_format)
    return assemble(settings)


def assemble(settings: Settings) -> Service:
    """Build the service of one process."""
    stamina.instrumentation.set_on_retry_hooks([])  # they would log a driver's message
    catalog = make_catalog(settings)
    stores = open_stores(settings, catalog)
    key_set = make_key_set(settings)
    authenticator = make_authenticator(settings, key_set)
    metrics = Metrics({*catalog.models, *catalog.fallbacks})
    stores.database.on_wait = metrics.database_waits.inc
    stores.database.counted = metrics.database_connections.track_inprogress
    tracing = make_tracing(settings)
    quotas = make_quotas(settings)
    turn_registry = make_turn_registry(settings, catalog, stores, Telemetry(metrics, tracing), quotas)
    upstream = LoadingUpstream(partial(load_client, settings, turn_registry.running_time), turn_registry.open)
    stores.files.removal.delete_copy = upstream.delete_copy
    services = make_services(settings, turn_registry, authenticator, stores, metrics, quotas, upstream=upstream)
    fair = FairQueue()
    connection_limits = ConnectionLimits(quotas.sockets, settings.max_handshakes_per_minute)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if tracing is not None:
                stack.push_async_callback(asyncio.to_thread, tracing.close)
            stack.push_async_callback(stores.database.close)
            await stack.enter_async_context(stores.usage.running())
            stack.push_async_callback(stores.transcripts.close)
            stack.push_async_callback(stores.limits.close)
            stack.push_async_callback(services.runs.close)
            stack.push_async_callback(services.kept_calls.close)
            stores.limits.prices.load()
            stack.push_async_callback(stores.limits.prices.close)
            await stack.enter_async_context(leftovers_cleared(settings.database))
            await stack.enter_async_context(swept(stores.files))
            if key_set is not None:
                await stack.enter_async_context(key_set)
            await stack.enter_async_context(services.sessions.checking_tokens())
            await stack.enter_async_context(turn_registry.running_time)
            turn_registry.open(await stack.enter_async_context(upstream))
            _announce(settings)
            yield

    app = _litestar(settings, services, lifespan)
    # Litestar's own middleware sees only requests that have found a route.
    http = UnreadResponses(app.asgi_handler, quotas.unread, services.refusals)
    policy = _access_policy(settings, authenticator, app)
    app.asgi_handler = Gate(SocketRoute(services), http, policy, connection_limits, services.refusals, fair)
    drain = Drain(turn_registry, services.sessions, connection_limits.refuse_new, settings.drain_seconds)
    return Service(app, _listening(settings, quotas, fair), drain, upstream.ready)


class _Litestar(Litestar):
    """Litestar without its plugins for types that no route here has: to import them takes 50 ms of a start."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return plugins


def _litestar(
    settings: Settings, services: Services, lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]]
) -> Litestar:
    any_host_may_scrape = settings.metrics_token is not None or settings.requires_authentication
    return _Litestar(
        route_handlers=[
            *(socket_path, chat, chat_stream, list_models, read_usage, conversations, files, runs, openai, live, ready),
            *(folders, prompts, create_share, shares, make_title, reading_shared(allows_public=settings.public_shares)),
            scraping(
                services.metrics, settings.metrics_token, settings.metrics_token_before, any_host=any_host_may_scrape
            ),
            *(asyncapi_page.socket_contract(), openapi.assets(), page()),
        ],
        dependencies={"services": Provide(lambda: services, sync_to_thread=False)},
        response_class=JsonResponse,
        exception_handlers={Exception: error_handler.responder(services.refusals)},
        lifespan=[lifespan],
        request_max_body_size=settings.max_frame_bytes,
        logging_config=None,
        openapi_config=openapi.document(Answer, RunList, max_grace=settings.max_grace),
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


def _listening(settings: Settings, quotas: Quotas, fair: FairQueue) -> Listening:
    return Listening(
        max_frame_bytes=settings.max_frame_bytes,
        socket_rates=SocketRates(
            frames=settings.max_frames_per_second,
            bytes=settings.max_bytes_per_second,
            arriving=quotas.arriving,
            fair=fair,
        ),
        ping_interval=settings.ping_interval,
        ping_timeout=settings.ping_timeout,
        handshake_timeout=settings.handshake_timeout,
        send_timeout=settings.send_timeout,
        keep_alive_timeout=settings.keep_alive_timeout,
    )


def _announce(settings: Settings) -> None:
    if settings.drain_seconds < settings.longest_turn:
        log.warning(
            "a stop may cut answers: DRAIN_TIMEOUT is shorter than a turn may take",
            drain_timeout=settings.drain_seconds,
            longest_turn=settings.longest_turn,
        )
    if settings.redis_url is None and settings.workers > 1:
        log.warning(
            "limits and usage: each worker counts for itself; set REDIS_URL to share them", workers=settings.workers
        )
        if settings.max_grace:
            log.warning(
                "resume: a run is known only to the worker that runs it; set REDIS_URL to resume through any",
                workers=settings.workers,
            )
    if settings.database_url is None:
        log.info("conversations: in a file; DATABASE_URL or DATA_DIR choose another place", folder=str(settings.folder))
    if settings.limits.by_name and not settings.requires_authentication:
        log.warning("limits: authentication is off, so all clients together are one caller")
    if settings.has_upstream:
        log.info("upstream: Gemini", model=settings.model_by_default, vertex=settings.vertex or None)
    else:
        log.warning(
            "upstream: the offline stand-in; no real model is behind it. Set GEMINI_API_KEY for one",
            model=settings.model_by_default,
            instead_of=",".join(settings.models),
        )
