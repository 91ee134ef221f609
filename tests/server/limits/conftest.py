"""The same rules, counted in memory and in a real Redis."""

import pytest
from support.redis import RedisServer
from support.transports import TRANSPORTS, Ask


@pytest.fixture(params=TRANSPORTS)
def ask(request: pytest.FixtureRequest) -> Ask:
    """How a client asks, over each transport."""
    return TRANSPORTS[request.param]


@pytest.fixture(params=["memory", "redis"])
def counted(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings that say where the limits are counted."""
    if request.param == "memory":
        return {}
    redis: RedisServer = request.getfixturevalue("redis")
    return {"redis_url": redis.url}
