"""`GET /livez` and `GET /readyz`: the liveness probe and the readiness probe."""

from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency

from deltawire.api_docs.operations import READ_READINESS, ReadinessQuery
from deltawire.edge.public_routes import ANY_HOST, PUBLIC
from deltawire.protocol.decoding import StrictDecoder, rules_of
from deltawire.protocol.errors import Failure
from deltawire.routes.bodies import parameters_of
from deltawire.routes.services import Services

_OPEN: Final = {PUBLIC: True, ANY_HOST: True}
_read_query = StrictDecoder[ReadinessQuery](ReadinessQuery, rules_of(ReadinessQuery)).read_query


@get("/livez", opt=_OPEN)
async def live() -> dict[str, str]:
    """Report that the process runs."""
    return {"status": "ok"}


@get("/readyz", operation_class=READ_READINESS, opt=_OPEN)
async def ready(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> dict[str, str]:
    """Report that the process takes new turns; 503 `draining` after a stop, 503 `store_unavailable` without stores.

    While the process starts, the answer comes when the upstream's client is loaded.
    """
    query = _read_query(parameters_of(request))
    await services.upstream.ready()
    if not services.turn_registry.is_open:
        raise Failure("draining")
    if query.exclude == "stores":
        return {"status": "ok"}
    await services.conversations.check()
    is_limited = await services.limits.check()
    return {"status": "ok"} | ({} if is_limited else {"limits": "away"})
