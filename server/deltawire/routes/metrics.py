"""`GET /metrics`: the metrics for Prometheus."""

import hmac
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from pydantic import SecretStr

from deltawire.edge.public_routes import ANY_HOST, PUBLIC
from deltawire.protocol.errors import Failure
from deltawire.telemetry.metrics import Metrics


def scraping(
    metrics: Metrics, token: SecretStr | None, before: SecretStr | None, *, any_host: bool
) -> HTTPRouteHandler:
    """Return the route. With a token it requires that token, or the one before it, and the gate requires nothing else.

    It is served under any host name only where a token or a key is required: a page that uses DNS rebinding has
    neither.
    """
    tokens = [expected.get_secret_value().encode() for expected in (token, before) if expected is not None]
    opt = {PUBLIC: token is not None, ANY_HOST: any_host}

    # In a thread: with several workers it reads files.
    @get("/metrics", include_in_schema=False, sync_to_thread=True, opt=opt)
    def scrape(request: Request[Any, Any, Any]) -> Response[bytes]:
        scheme, _, token_text = request.headers.get("authorization", "").partition(" ")
        given_token = token_text.strip().encode("latin-1") if scheme.lower() == "bearer" else b""
        if tokens and not any(hmac.compare_digest(given_token, expected) for expected in tokens):
            raise Failure("unauthenticated")
        body, content_type = metrics.exposition(request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type, "vary": "Accept"})

    return scrape
