from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest
import structlog
import uvloop
from support.log import Log
from support.upstream import Upstream


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """The tests run in the loop that the server runs in."""
    return {"uvloop": uvloop.new_event_loop}


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
