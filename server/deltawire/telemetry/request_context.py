"""The context of a request: its transport, and the trace that it belongs to."""

from collections.abc import Iterable
from typing import Final, Literal, get_args

import msgspec

Transport = Literal["socket", "sse", "rest"]
TRANSPORTS: Final[tuple[Transport, ...]] = get_args(Transport)
_TRACE_HEADERS: Final = {b"traceparent", b"tracestate"}


class RequestContext(msgspec.Struct, frozen=True, kw_only=True):
    """A transport, and the trace that its handshake or its request belongs to."""

    transport: Transport
    trace: dict[str, str]
    """W3C trace context: `traceparent` and `tracestate`, as they were sent; empty where there is none."""


def request_context(transport: Transport, headers: Iterable[tuple[bytes, bytes]]) -> RequestContext:
    """Return the context of a handshake or a request with these headers."""
    trace = {name.decode(): value.decode("latin-1") for name, value in headers if name in _TRACE_HEADERS}
    return RequestContext(transport=transport, trace=trace)
