"""OPTIONS for addresses with several methods."""

from litestar import HttpMethod, Response, route
from litestar.handlers import HTTPRouteHandler


def allowing(path: str, *methods: str) -> HTTPRouteHandler:
    """Return a route for OPTIONS: Litestar's own names only the method that was registered first."""

    @route(path, http_method=HttpMethod.OPTIONS, include_in_schema=False)
    async def allowed() -> Response[None]:
        return Response(None, status_code=204, headers={"allow": ", ".join(methods)})

    return allowed
