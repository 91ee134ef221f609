"""`GET /livez` and `GET /readyz`: for whoever restarts us and whoever sends us people."""

from typing import Final

from litestar import get
from litestar.di import NamedDependency

from deltawire.api_docs.operations import PROBE
from deltawire.protocol.errors import Failure
from deltawire.routes.services import Services

PROBES: Final = frozenset({"/livez", "/readyz"})
"""Their paths."""


@get("/livez")
async def live() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@get("/readyz", operation_class=PROBE)
async def ready(parts: NamedDependency[Services]) -> dict[str, str]:
    """The process takes new turns; 503 `draining` once it was told to stop, `store_unavailable` without its stores."""
    if not parts.admission.is_open:
        raise Failure("draining")
    await parts.conversations.check()
    is_limited = await parts.limits.check()
    return {"status": "ok"} | ({} if is_limited else {"limits": "away"})
