"""The operations of the OpenAPI document: the parameters, bodies and responses of the routes.

Litestar collects the routes. The rest is declared here, because most handlers read and write the bytes themselves.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIType
from msgspec import Meta, Struct

from deltawire.api_docs.responses import (
    LIMITS,
    PROBLEM,
    ErrorShape,
    examples_of,
    field,
    json_response,
    problems,
    reference,
)
from deltawire.conversations.schemas import (
    Conversation,
    ConversationChange,
    ConversationPage,
    ConversationQuery,
    ConversationTree,
    ExportQuery,
    NewConversation,
)
from deltawire.limits.report import UsageQuery, UsageReport
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import TABLE

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
        "seed": 7,
    },
}
"""Example requests; the tests send each to a real server."""

_EVENTS: Final = """\
event: delta
data: {"type":"delta","id":"turn-7","text":"Air scatters "}

event: delta
data: {"type":"delta","id":"turn-7","text":"blue light."}

event: usage
data: {"type":"usage","id":"turn-7","model":"gemini-flash-latest","finish_reason":"stop","input_tokens":31,...}

"""


_FRAMES: Final = ["started", "delta", "thought", "usage", "error"]
_EVENT: Final = Schema(
    type=OpenAPIType.OBJECT,
    description="One event: the type of a frame, and the frame as JSON.",
    properties={
        "event": Schema(type=OpenAPIType.STRING, enum=_FRAMES),
        "id": Schema(type=OpenAPIType.STRING, description="`RUN:SEQ` in a turn with grace; absent otherwise."),
        "data": Schema(type=OpenAPIType.STRING, content_media_type="application/json"),
    },
    required=["event", "data"],
)
_EVENT_OR_PART: Final = replace(
    _EVENT,
    description=f"{_EVENT.description} With `format`, a part as JSON, or `[DONE]`.",
    properties={**(_EVENT.properties or {}), "event": Schema(type=OpenAPIType.STRING, enum=[*_FRAMES, "message"])},
    required=["data"],
)
_NEW_CONVERSATIONS: Final = {"empty": {}, "named": {"title": "The sky", "settings": {"system": "You are terse."}}}
_CHANGES: Final = {"a name, and one setting less": {"title": "Blue", "settings": {"system": None}}}

SOCKET_ONLY: Final = frozenset({"duplicate_turn", "unknown_turn", "too_many_turns"})
"""Codes that no HTTP route returns."""

_UPSTREAM_CODES: Final = frozenset(code for code in TABLE if code == "blocked" or code.startswith("upstream_"))
"""Codes of failures after the upstream is asked: in a stream they are events, not statuses."""


def operation(  # noqa: PLR0913 - the parts of an operation
    responses: Mapping[str, OpenAPIResponse] | None,
    codes: Collection[str],
    *,
    body: type[Struct] | None = None,
    body_schema: Schema | None = None,
    examples: Mapping[str, object] | None = None,
    query: type[Struct] | None = None,
    shape: ErrorShape = PROBLEM,
) -> type[Operation]:
    """Return an operation that takes a body or URL parameters, and returns one of these responses.

    `responses` is None where Litestar makes the response and documents it itself.
    """

    class Documented(Operation):  # no dataclass of its own: making one for each route takes 30 ms of a start
        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            read = body_schema if body is None else reference(body.__name__)
            if read is not None:
                media = OpenAPIMediaType(schema=read, examples=examples_of(examples or {}))
                self.request_body = RequestBody(content={"application/json": media}, required=True)
            if query is not None:
                self.parameters = [*(self.parameters or []), *_parameters(query)]
            unsupported = {(415, "unsupported")} if read is not None else set()
            self.responses = {**(responses or self.responses or {}), **problems(codes, unsupported, shape)}

    return Documented


def _parameters(query: type[Struct]) -> list[Parameter | Reference]:
    """Return the URL parameters of a Struct."""
    _, schemas = msgspec.json.schema_components([query])
    return [
        Parameter(
            name=name,
            param_in="query",
            description=rule.get("description"),
            schema=Schema(
                type=OpenAPIType(rule.get("type", "string")),
                enum=rule.get("enum"),
                default=rule.get("default"),
                minimum=rule.get("minimum"),
                maximum=rule.get("maximum"),
                max_length=rule.get("maxLength"),
                pattern=rule.get("pattern"),
            ),
        )
        for name, whole in schemas[query.__name__]["properties"].items()
        for rule in [{**whole, **whole.get("anyOf", [{}])[0]}]  # a parameter that may be null is optional
    ]


_ACCEPTED: Final = json_response(
    "RunReport", "The turn with grace has begun, and the request has `Prefer: respond-async`; `Location` names its run."
)
_RUN_HEADERS: Final = {"Location": field("The address of the run."), "Preference-Applied": field("`respond-async`.")}

RUN_CHAT: Final = operation(
    {
        "200": replace(json_response("Answer", "The whole answer, once the turn has ended."), headers=LIMITS),
        "202": replace(_ACCEPTED, headers={**LIMITS, **_RUN_HEADERS}),
    },
    frozenset(TABLE) - SOCKET_ONLY,
    body=ChatRequest,
    examples=EXAMPLES,
)
"""`POST /chat`."""

_STREAM: Final = OpenAPIResponse(
    description="Server-sent events: the type of a frame, and the frame. The last is `usage` or `error`.",
    content={"text/event-stream": OpenAPIMediaType(schema=_EVENT, examples=examples_of({"an answer": _EVENTS}))},
)

_EVENTS_OR_PARTS: Final = {
    "text/event-stream": OpenAPIMediaType(schema=_EVENT_OR_PART, examples=examples_of({"an answer": _EVENTS}))
}


class StreamQuery(Struct, frozen=True):
    """The format of a stream: a parameter of the URL."""

    format: Annotated[Literal["ai-sdk"], Meta(description="the AI SDK's UI message stream")] | None = None


STREAM_CHAT: Final = operation(
    {"200": replace(_STREAM, headers=LIMITS, content=_EVENTS_OR_PARTS)},
    frozenset(TABLE) - SOCKET_ONLY - _UPSTREAM_CODES,
    body=ChatRequest,
    examples=EXAMPLES,
    query=StreamQuery,
)
"""`POST /chat/stream`."""

READ_USAGE: Final = operation(
    {"200": json_response(UsageReport, "What the caller used, the last day first, and their limits.")},
    {"unauthenticated", "forbidden", "internal", "invalid_frame", "store_unavailable"},
    query=UsageQuery,
)
"""`GET /usage`."""

LIST_MODELS: Final = operation(None, {"unauthenticated", "forbidden", "internal"})
"""`GET /models`."""


class ReadinessQuery(Struct, frozen=True):
    """The checks that `/readyz` leaves out: parameters of the URL. Unknown ones are ignored: probes may add some."""

    exclude: Annotated[
        Literal["none", "stores"],
        Meta(description='"none" or "stores": a balancer whose clients can do without the stores excludes them'),
    ] = "none"


READ_READINESS: Final = operation(
    None, {"draining", "store_unavailable", "internal", "invalid_frame"}, query=ReadinessQuery
)
"""`GET /readyz`."""

STORE_CODES: Final = frozenset({"unauthenticated", "forbidden", "internal", "store_unavailable"})
BY_ID_CODES: Final = STORE_CODES | {"not_found"}
BODY_CODES: Final = {"invalid_json", "invalid_frame", "message_too_large"}

LIST_CONVERSATIONS: Final = operation(
    {"200": json_response(ConversationPage, "A page of conversations, the last used first.")},
    STORE_CODES | {"invalid_frame"},
    query=ConversationQuery,
)
CREATE_CONVERSATION: Final = operation(
    {"201": json_response(Conversation, "The new conversation.")},
    STORE_CODES | BODY_CODES,
    body=NewConversation,
    examples=_NEW_CONVERSATIONS,
)
READ_CONVERSATION: Final = operation({"200": json_response(ConversationTree, "All of it.")}, BY_ID_CODES)
CHANGE_CONVERSATION: Final = operation(
    {"200": json_response(Conversation, "As it is now.")},
    BY_ID_CODES | BODY_CODES,
    body=ConversationChange,
    examples=_CHANGES,
)
DELETE_CONVERSATION: Final = operation({"204": OpenAPIResponse(description="It is deleted.")}, BY_ID_CODES)
EXPORT_CONVERSATION: Final = operation(
    {
        "200": OpenAPIResponse(
            description="A file.",
            content={
                "text/markdown": OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING)),
                "application/json": OpenAPIMediaType(schema=reference(ConversationTree.__name__)),
                "application/zip": OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING)),
            },
        )
    },
    BY_ID_CODES | {"invalid_frame"},
    query=ExportQuery,
)

_RUN_CODES: Final = frozenset({"unauthenticated", "forbidden", "internal", "not_found", "gone", "store_unavailable"})


class EventsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The events to send: parameters of the URL."""

    after: Annotated[
        int, Meta(ge=0, le=2**31 - 1, description="the number of the last frame that the client has, or 0")
    ] = 0


LIST_RUNS: Final = operation(
    {"200": json_response("RunList", "Those that have not ended.")}, {"unauthenticated", "forbidden", "internal"}
)
READ_RUN: Final = operation(
    {"200": json_response("RunReport", "As it is now; once it has ended, with its answer.")}, _RUN_CODES
)
STOP_RUN: Final = operation({"204": OpenAPIResponse(description="It ends, or has ended before.")}, _RUN_CODES)
STREAM_RUN: Final = operation(
    {
        "200": replace(_STREAM, description="The frames after the given one. The last is `usage` or `error`."),
        "204": OpenAPIResponse(description="The run has ended, and the client has all of it."),
    },
    _RUN_CODES | {"invalid_frame"},
    query=EventsQuery,
)
"""`/runs` and below."""
