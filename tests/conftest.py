from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
import structlog
import uvloop
from blockbuster import BlockBuster, blockbuster_ctx
from support import ports
from support.log import Log
from support.postgres import postgres_url
from support.redis import RedisServer, redis_server
from support.upstream import Upstream

STARTS = (
    ("support/serving.py", "serving"),
    ("deltawire/conversations/migrate.py", "_upgrade"),
    ("deltawire/app/assembly.py", "lifespan"),
    ("deltawire/conversations/engines.py", "sqlite"),
    ("deltawire/gemini/client.py", "__aenter__"),
    ("redis/utils.py", "get_lib_version"),
)
"""Functions that may block the event loop: nobody waits for a server that starts."""
MEANT = (
    ("asyncpg/connect_utils.py", "_parse_connect_dsn_and_args"),
    ("google/auth/transport/mtls.py", "should_use_client_cert"),
    ("deltawire/identity/api_keys.py", "_look"),
)
"""Functions that may block it later: asyncpg looks for a password file, the SDK on Vertex for a certificate, and the
server, once a second, for another key file."""


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
    """Where the servers of the tests keep their files, unless a test has a folder of its own."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DELTAWIRE_DATA_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Where a PostgreSQL is."""
    with postgres_url() as url:
        yield url


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as server:
        yield server


@pytest.fixture
def log() -> Iterator[Log]:
    """What the server logs while the test runs."""
    log = Log()
    processors = structlog.get_config()["processors"]
    before = processors.copy()
    processors[:] = [log]
    yield log
    processors[:] = before


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
