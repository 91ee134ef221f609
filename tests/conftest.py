from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from asyncio import AbstractEventLoop

import pytest
import structlog
import uvloop

from support.upstream import Upstream


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """The tests run in the loop that the server runs in."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as server:
        yield server


@pytest.fixture
def log_lines() -> Iterator[list[dict[str, object]]]:
    """What the server logs while the test runs."""
    with structlog.testing.capture_logs() as lines:
        yield lines
