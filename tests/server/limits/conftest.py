"""The same rules, counted in memory and in a real Redis."""

import pytest
from support.redis import RedisServer


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ask over each transport in memory, and over one in Redis; the other pairs at night.

    The transports share one admission, so where it counts makes no difference to them.
    """
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            params = item.callspec.params
            if params.get("counted") == "redis" and params.get("ask", "socket") != "socket":
                item.add_marker(pytest.mark.nightly)


@pytest.fixture(params=["memory", "redis"])
def counted(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings that say where the limits are counted."""
    if request.param == "memory":
        return {}
    redis: RedisServer = request.getfixturevalue("redis")
    return {"redis_url": redis.url}
