import gc
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import hypothesis
import pytest
import structlog
import trustme
import uvloop
from blockbuster import BlockBuster, blockbuster_ctx
from support import ports
from support.forked import ForkServer
from support.log import Log
from support.postgres import copied, fresh_database, postgres_url
from support.redis import RedisServer, redis_server
from support.transports import TRANSPORTS, Ask
from support.upstream import Upstream, says

from deltawire.config.settings import Settings
from deltawire.conversations.migrate import migrate
from deltawire.telemetry.request_ids import with_request

STARTS = (
    ("support/serving.py", "_running"),
    ("deltawire/conversations/migrate.py", "upgrade"),
    ("deltawire/app/assembly.py", "lifespan"),
    ("deltawire/conversations/engines.py", "sqlite"),
    ("deltawire/gemini/client.py", "__aenter__"),
    ("deltawire/limits/prices.py", "load_now"),
    ("redis/utils.py", "get_lib_version"),
)
"""Functions that may block the event loop: nobody waits for a server that starts."""
MEANT = (
    ("asyncpg/connect_utils.py", "_parse_connect_dsn_and_args"),
    ("google/auth/transport/mtls.py", "should_use_client_cert"),
    ("deltawire/identity/api_keys.py", "_read_if_changed"),
    ("deltawire/telemetry/process_metrics.py", "collect"),
    ("prometheus_client/multiprocess.py", "merge"),
    ("deltawire/conversations/usage_spool.py", "add"),
    ("deltawire/conversations/usage_spool.py", "remove"),
    ("deltawire/conversations/usage_spool.py", "left_by_others"),
)
"""Functions that may block it later: asyncpg looks for a password file, the SDK on Vertex for a certificate, the
server, once a second, for another key file; a scrape reads `/proc` and the memory that workers share, and the usage of
each turn is appended to a small file on this machine."""

hypothesis.settings.register_profile("deltawire", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("deltawire")

LONGEST = ("tests/e2e/test_chaos.py", "tests/e2e/test_soak.py", "tests/e2e/test_cuts.py")
"""Tests that take or wait so long that whichever began last would be waited for at the end."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest, each in another worker: `worksteal` gives each an equal part of the list, in order."""
    if (worker := getattr(config, "workerinput", None)) is None:
        return
    rank = {item: at for item in items for at, name in enumerate(LONGEST) if name in item.nodeid}
    longest = sorted(rank, key=lambda item: rank[item])
    others = [item for item in items if item not in rank]
    left, workers = len(items), worker["workercount"]
    items.clear()
    for number in range(workers):
        begins_with = longest[number::workers]
        part = left // (workers - number)
        left -= part
        items += [*begins_with, *(others.pop(0) for _ in range(min(len(others), part - len(begins_with))))]
    items += others


def pytest_collection() -> None:
    """Import the tests without the garbage collector, which would look through ever more modules and find nothing."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave out, from now on, what is imported: else each full collection looks through all of it for half a second."""
    gc.freeze()
    gc.enable()


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """The tests run in the loop that the server runs in."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True, scope="session")
def nothing_blocks_the_loop() -> Iterator[BlockBuster]:
    """Raise BlockingError where the server blocks the event loop."""
    with blockbuster_ctx("deltawire") as guard:
        for blocking in guard.functions.values():
            for module, function in (*STARTS, *MEANT):
                blocking.can_block_in(module, function)
        yield guard


@pytest.fixture(autouse=True, scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the servers' files, unless a test has a folder of its own."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DELTAWIRE_DATA_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL."""
    with postgres_url() as url:
        yield url


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
async def template(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgresql: str
) -> AsyncIterator[str]:
    """The URL of a database of each kind, with tables and nothing in them."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('template') / 'conversations.db'}"
        await migrate(url)
        yield url
    else:
        async with fresh_database(postgresql) as url:
            await migrate(Settings(database_url=url).database)
            yield url


@pytest.fixture
async def database(template: str, postgresql: str, tmp_path: Path) -> AsyncIterator[str]:
    """A database of each kind for one test; its URL."""
    async with copied(template, postgresql, tmp_path) as url:
        yield url


@pytest.fixture(scope="session")
async def fork_server() -> AsyncIterator[ForkServer]:
    """A process that has imported the server, and is forked for those that the tests start."""
    async with ForkServer() as server:
        yield server


@pytest.fixture(scope="session")
async def session_upstream(fork_server: ForkServer) -> AsyncIterator[Upstream]:
    async with Upstream() as server:
        server.fork_server = fork_server
        yield server


@pytest.fixture
async def upstream(session_upstream: Upstream) -> AsyncIterator[Upstream]:
    """The upstream of all tests, which each finds as new; so they may share the servers that ask it."""
    session_upstream.plays(says("Hello", " world"))
    url = session_upstream.url
    yield session_upstream
    session_upstream.url = url  # a test may have led its server elsewhere
    await session_upstream.forget()


@pytest.fixture(autouse=True, scope="session")
def few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trust one authority only: each start reads those that it trusts three times, and the usual ones are many."""
    file = tmp_path_factory.mktemp("authority") / "one.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SSL_CERT_FILE", str(file))
        yield


@pytest.fixture
def log() -> Iterator[Log]:
    """The server's log while the test runs."""
    log = Log()
    processors = structlog.get_config()["processors"]
    before = processors.copy()
    processors[:] = [with_request, log]
    yield log
    processors[:] = before


@pytest.fixture(params=TRANSPORTS)
def ask(request: pytest.FixtureRequest) -> Ask:
    """A function that asks, for each transport."""
    return TRANSPORTS[request.param]


@pytest.fixture
def free_port() -> int:
    """A port that nobody has."""
    return ports.free_port()


@pytest.fixture(scope="session")
async def shared_redis() -> AsyncIterator[RedisServer]:
    async with redis_server(ports.free_port()) as server:
        yield server


@pytest.fixture
async def redis(shared_redis: RedisServer) -> RedisServer:
    """A Redis with nothing in it."""
    async with shared_redis.client() as client:
        await client.flushall()
    return shared_redis
