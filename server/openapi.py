"""The OpenAPI document of the HTTP routes, from the Structs that they speak, and a page to try it.

Litestar collects the routes; what a route takes and answers is told here, because its handlers read
and write the bytes themselves. The page's files are swagger-ui's own, served from this host.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Request, Router
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import (
    Example,
    License,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Reference,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIType
from msgspec import Struct

from server import __version__
from server.errors import TABLE, Failure
from server.frames import ChatRequest, Delta, ErrorFrame, Thought, Usage, error_frame
from server.pages import files, with_page_headers
from server.problems import MEDIA_TYPE, Problem, problem_of

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "smallest": {"message": "hi"},
    "with everything": {
        "message": "And in one sentence?",
        "id": "turn-7",
        "system": "You are terse.",
        "history": [
            {"role": "user", "text": "Why is the sky blue?"},
            {"role": "model", "text": "Because air scatters blue light more than red."},
        ],
        "temperature": 0.4,
        "top_p": 0.9,
        "max_output_tokens": 256,
        "stop": ["END"],
        "thinking": "low",
    },
}
"""Requests that the document shows; the tests send each for real."""

_EVENTS: Final = """\
event: delta
data: {"type":"delta","id":"turn-7","text":"Air scatters "}

event: delta
data: {"type":"delta","id":"turn-7","text":"blue light."}

event: usage
data: {"type":"usage","id":"turn-7","model":"gemini-flash-latest","finish_reason":"stop","input_tokens":31,...}

"""


_EVENT: Final = Schema(
    type=OpenAPIType.OBJECT,
    description="One event: the type of a frame, and the frame as JSON.",
    properties={
        "event": Schema(type=OpenAPIType.STRING, enum=["delta", "thought", "usage", "error"]),
        "data": Schema(type=OpenAPIType.STRING, content_media_type="application/json"),
    },
    required=["event", "data"],
)
_SOCKET_ONLY: Final = frozenset({"duplicate_turn", "unknown_turn", "too_many_turns", "rate_limited", "draining"})
"""Codes that no HTTP route answers with today."""

_UPSTREAMS: Final = frozenset(code for code in TABLE if code == "blocked" or code.startswith("upstream_"))
"""Codes of what happens after the upstream is asked: in a stream they are events, not statuses."""


def _body(name: str) -> Reference:
    return Reference(f"#/components/schemas/{name}")


def _examples(values: Mapping[str, object]) -> dict[str, Example | Reference]:
    return {name: Example(value=value) for name, value in values.items()}


def _operation(answer: OpenAPIResponse, codes: frozenset[str]) -> type[Operation]:
    """An operation that takes a `ChatRequest` and answers this, or one of these errors."""

    @dataclass
    class Asking(Operation):
        def __post_init__(self) -> None:
            examples = _examples(EXAMPLES)
            content = {"application/json": OpenAPIMediaType(schema=_body("ChatRequest"), examples=examples)}
            self.request_body = RequestBody(content=content, required=True)
            self.responses = {"200": answer, **_problems(codes)}

    return Asking


def _problems(codes: frozenset[str]) -> dict[str, OpenAPIResponse]:
    """A response for each status; it says and shows each of its codes."""
    responses: dict[str, OpenAPIResponse] = {}
    statuses = sorted({(TABLE[code].status, code) for code in codes} | {(415, "unsupported")})
    for status, pairs in groupby(statuses, key=itemgetter(0)):
        group = [code for _, code in pairs]
        # As Structs, because Litestar drops every null from a dict.
        examples = _examples({code: problem_of(error_frame(Failure(code)), status) for code in group})
        responses[str(status)] = OpenAPIResponse(
            description=" ".join(f"`{code}`: {TABLE[code].message}" for code in group),
            content={MEDIA_TYPE: OpenAPIMediaType(schema=_body("Problem"), examples=examples)},
        )
    return responses


WHOLE: Final = _operation(
    OpenAPIResponse(
        description="The whole answer, once the turn has ended.",
        content={"application/json": OpenAPIMediaType(schema=_body("Answer"))},
    ),
    frozenset(TABLE) - _SOCKET_ONLY,
)
"""`POST /chat`."""

STREAMED: Final = _operation(
    OpenAPIResponse(
        description="Server-sent events: the type of a frame, and the frame. The last is `usage` or `error`.",
        content={"text/event-stream": OpenAPIMediaType(schema=_EVENT, examples=_examples({"an answer": _EVENTS}))},
    ),
    frozenset(TABLE) - _SOCKET_ONLY - _UPSTREAMS,
)
"""`POST /chat/stream`."""


def document(answer: type[Struct]) -> OpenAPIConfig:
    """Litestar's configuration of the document; `answer` is what `POST /chat` answers with."""
    structs = [ChatRequest, Delta, Thought, Usage, ErrorFrame, Problem, answer]
    _, schemas = msgspec.json.schema_components(structs, ref_template=_body("{name}").ref)
    return OpenAPIConfig(
        title="Deltawire",
        version=__version__,
        summary="A realtime chat server for Gemini",
        description="The socket is not in here: see docs/protocol.md.",
        license=License(name="MIT", identifier="MIT"),
        render_plugins=[_TryPage(path="/"), _Document(schemas)],
        use_handler_docstrings=True,
        openapi_router=Router("/schema", route_handlers=[], after_request=with_page_headers, include_in_schema=False),
    )


class _Document(JsonRenderPlugin):
    """Litestar's document, and the schemas that it does not know of."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        super().__init__(path="/openapi.json")
        self._schemas = schemas

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document as JSON."""
        components = openapi_schema["components"]
        schemas = {**components["schemas"], **self._schemas}
        return super().render(request, {**openapi_schema, "components": {**components, "schemas": schemas}})


class _TryPage(OpenAPIRenderPlugin):
    """swagger-ui, from `assets`, set up by the page's own `schema.js`."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        """The page; it fetches the document itself."""
        return _PAGE


_PAGE: Final = b"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Deltawire: try it</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/schema/assets/swagger-ui.css">
</head>
<body>
<div id="schema"></div>
<script src="/schema/assets/swagger-ui-bundle.js"></script>
<script src="/schema.js"></script>
</body>
</html>
"""


def assets() -> Router:
    """The files of swagger-ui, from the package that ships them."""
    package = find_spec("swagger_ui")
    if package is None or package.origin is None:
        raise AssertionError("swagger-ui-py is among the dependencies")
    return files("/schema/assets", Path(package.origin).parent / "static")
