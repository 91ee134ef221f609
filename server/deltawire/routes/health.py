"""`GET /livez` and `GET /readyz`: the liveness probe and the readiness probe."""

from typing import Final

from litestar import get
from litestar.di import NamedDependency

from deltawire.api_docs.operations import PROBE
from deltawire.edge.public_routes import ANY_HOST, PUBLIC
from deltawire.protocol.errors import Failure
from deltawire.routes.services import Services

_OPEN: Final = {PUBLIC: True, ANY_HOST: True}


@get("/livez", opt=_OPEN)
async def live() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@get("/readyz", operation_class=PROBE, opt=_OPEN)
async def ready(services: NamedDependency[Services]) -> dict[str, str]:
    """The process takes new turns; 503 `draining` once it was told to stop, `store_unavailable` without its stores."""
    if not services.admission.is_open:
        raise Failure("draining")
    await services.conversations.check()
    is_limited = await services.limits.check()
    return {"status": "ok"} | ({} if is_limited else {"limits": "away"})
