"""The OpenAPI document and the page to try it: swagger-ui, whose files this server serves."""

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
from litestar import Request, Router
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme
from msgspec import Struct

from deltawire import __version__
from deltawire.api_docs.library_operations import STRUCTS as LIBRARY
from deltawire.api_docs.openai_operations import STRUCTS as OPENAI
from deltawire.api_docs.responses import reference
from deltawire.conversations.files.schemas import FilePage
from deltawire.conversations.schemas import ConversationChange, ConversationPage, ConversationTree, NewConversation
from deltawire.edge.public_routes import PUBLIC
from deltawire.edge.static_files import files, with_page_headers
from deltawire.limits.report import UsageReport
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.frames import NumberedFrame
from deltawire.protocol.problem_details import Problem
from deltawire.protocol.tools import ToolAnswer


def _required(name: str) -> dict[str, Any]:
    return {"properties": {name: {"type": "string"}}, "required": [name]}


def _null(name: str) -> dict[str, Any]:
    return {"properties": {name: {"type": "null"}}}


_DOCUMENTED: Final = (
    *(ChatRequest, *get_args(NumberedFrame), Problem),
    *(ConversationPage, ConversationTree, NewConversation, ConversationChange),
    *(FilePage, UsageReport),
    *LIBRARY,
    *OPENAI,
)

CONTEXT: Final = [
    {"anyOf": [_null("parent"), _required("conversation")]},
    {"anyOf": [_null("history"), _null("conversation")]},
    {
        "anyOf": [
            {"required": ["message"]},
            {"properties": {"tool_results": {"type": "array"}}, "required": ["tool_results"]},
        ]
    },
]
"""Rules between fields.

`parent` needs `conversation`, a conversation excludes `history`, and only results of tools go without a message.
"""


RESULT_OR_ERROR: Final = [{"required": ["result"]}, {"required": ["error"]}]
"""The rule of a call's result: it has one of the two."""


def document(*responses: type[Struct], max_grace: float) -> OpenAPIConfig:
    """Return Litestar's configuration of the document; `responses` are those that the routes declare themselves."""
    return OpenAPIConfig(
        title="Deltawire",
        version=__version__,
        summary="A realtime chat server for Gemini",
        description="The socket has [a page of its own](/schema/socket), as AsyncAPI: `/schema/asyncapi.json`.",
        license=License(name="MIT", identifier="MIT"),
        components=Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}),
        security=[{"bearer": []}, {}],
        render_plugins=[_TryPage(path="/"), _Document(responses, max_grace)],
        use_handler_docstrings=True,
        openapi_router=Router(
            "/schema", route_handlers=[], after_request=with_page_headers, include_in_schema=False, opt={PUBLIC: True}
        ),
    )


class _Document(JsonRenderPlugin):
    """Litestar's document with the schemas of our Structs."""

    def __init__(self, responses: tuple[type[Struct], ...], max_grace: float) -> None:
        super().__init__(path="/openapi.json")
        self._responses = responses
        self._max_grace = max_grace

    @cached_property
    def _schemas(self) -> dict[str, Any]:
        """The schemas, made for the first request: a start need not wait for them."""
        _, schemas = msgspec.json.schema_components(
            [*_DOCUMENTED, *self._responses], ref_template=reference("{name}").ref
        )
        schemas[ChatRequest.__name__]["allOf"] = CONTEXT
        schemas[ToolAnswer.__name__]["oneOf"] = RESULT_OR_ERROR
        [seconds, _] = schemas[ChatRequest.__name__]["properties"]["grace"]["anyOf"]
        seconds["maximum"] = self._max_grace
        return schemas

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the document as JSON."""
        components = openapi_schema["components"]
        schemas = {**components["schemas"], **self._schemas}
        return super().render(request, {**openapi_schema, "components": {**components, "schemas": schemas}})


class _TryPage(OpenAPIRenderPlugin):
    """swagger-ui, from `assets`, set up by the page's own `schema.js`."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        """Return the page, which fetches the document itself."""
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
    """Return the route of swagger-ui's files, from the package that ships them."""
    package = find_spec("swagger_ui")
    if package is None or package.origin is None:
        raise AssertionError("swagger-ui-py is among the dependencies")
    return files("/schema/assets", Path(package.origin).parent / "static")
