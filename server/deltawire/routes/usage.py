"""`GET /usage`: the caller's usage, and the rest of the limits."""

from litestar import get
from litestar.di import NamedDependency

from deltawire.api_docs.operations import READ_USAGE
from deltawire.limits.report import UsageReport, read_query
from deltawire.routes.bodies import AnyRequest, owner_of, parameters_of
from deltawire.routes.services import Services


@get("/usage", operation_class=READ_USAGE)
async def read_usage(request: AnyRequest, services: NamedDependency[Services]) -> UsageReport:
    """Return the caller's usage by day and model, and the caller's limits."""
    query = read_query(parameters_of(request))
    return await services.limits.report(owner_of(request), query.days)
