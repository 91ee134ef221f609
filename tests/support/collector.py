"""An OTLP collector on loopback, which keeps the spans that it is sent."""

import asyncio
import gzip
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from support.web_app import WebApp

Span = Any
"""`opentelemetry.proto.trace.v1.Span`, which has no types."""


class Collector(WebApp):
    """Takes `POST /v1/traces` as protobuf."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.resources: list[dict[str, Any]] = []
        self._arrived = asyncio.Event()
        app = web.Application()
        app.router.add_post("/v1/traces", self._take)
        super().__init__(app)

    async def span(self, number: int = 0) -> Span:
        """The span that was the `number`th to come; wait for it if need be."""
        while len(self.spans) <= number:
            self._arrived.clear()
            await self._arrived.wait()
        return self.spans[number]

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        sent = ExportTraceServiceRequest()
        sent.ParseFromString(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)
        for resource in sent.resource_spans:
            self.resources.append(attributes_of(resource.resource))
            for scope in resource.scope_spans:
                self.spans += scope.spans
        self._arrived.set()
        content = ExportTraceServiceResponse().SerializeToString()
        return web.Response(body=content, content_type="application/x-protobuf")


def attributes_of(holder: Any) -> dict[str, Any]:
    """The attributes of a span, an event or a resource."""
    return {attribute.key: _value(attribute.value) for attribute in holder.attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind)
