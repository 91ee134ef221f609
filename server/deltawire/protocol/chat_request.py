"""The request of a turn: the fields of a `chat` frame, and of the body of an HTTP request."""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from deltawire.protocol.decoding import StrictDecoder, rules_of
from deltawire.protocol.tools import (
    A_FUNCTION_NAME,
    ANSWER_RULE,
    BUILT_IN_RULE,
    MAX_BUILT_IN,
    MAX_FUNCTIONS,
    BuiltInTool,
    FunctionTool,
    ToolAnswer,
    ToolChoice,
    Tools,
)

TURN_ID: Final = r"^[A-Za-z0-9_.:-]{1,64}$(?!\n)"
MODEL_NAME: Final = r"^[A-Za-z0-9._-]{1,128}$(?!\n)"
STORED_ID: Final = r"^[A-Za-z0-9_-]{1,64}$(?!\n)"
MAX_STOP_CHARS: Final = 1_000
MAX_FILES: Final = 16
MAX_STATE_CHARS: Final = 8 * 2**20
_MAX_HISTORY: Final = 10_000
MAX_STRINGS: Final = 4 * _MAX_HISTORY + 100
"""The strings of a frame: four of each earlier message, and those of the other fields."""
INT32: Final = 2**31 - 1


Seed = Annotated[
    float, Meta(ge=-INT32 - 1, le=INT32, multiple_of=1, description=f"a whole number from {-INT32 - 1} to {INT32}")
]
"""A seed: the same one makes the same answer likelier."""


class HistoryMessage(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One earlier message, as the context of a turn."""

    role: Annotated[Literal["user", "model"], Meta(description='"user" or "model"')]
    text: Annotated[str, Meta(description="a string")]


class TurnSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a turn. A field that is null counts as absent."""

    model: (
        Annotated[str, Meta(pattern=MODEL_NAME, description="a model's name: 1 to 128 of A-Z a-z 0-9 . _ -")] | None
    ) = None
    system: Annotated[str, Meta(description="a string")] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2, description="a number from 0 to 2")] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")] | None = None
    # A float, because JSON has one kind of number and 256.0 is a whole one.
    max_output_tokens: (
        Annotated[float, Meta(ge=1, le=INT32, multiple_of=1, description=f"a whole number from 1 to {INT32}")] | None
    ) = None
    stop: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=MAX_STOP_CHARS)]],
            Meta(
                min_length=1,
                max_length=5,
                description=f"a list of 1 to 5 strings of 1 to {MAX_STOP_CHARS:,} characters",
            ),
        ]
        | None
    ) = None
    thinking: (
        Annotated[Literal["off", "low", "medium", "high"], Meta(description='"off", "low", "medium" or "high"')] | None
    ) = None


class ConversationSettings(TurnSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings that a conversation keeps for its turns. Functions of a client are not among them."""

    tools: Annotated[list[BuiltInTool], Meta(max_length=MAX_BUILT_IN, description=BUILT_IN_RULE)] | None = None


class ChatRequest(TurnSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The request of a turn, the same on every transport. A field that is null counts as absent.

    `tool_results` answer the calls that an earlier turn ended in, which `conversation` or `state` names; only with
    them, a request may have no message.
    """

    message: Annotated[str, Meta(min_length=1, description="a string that is not empty")] = ""
    id: Annotated[str, Meta(pattern=TURN_ID, description="1 to 64 of A-Z a-z 0-9 _ . : -")] | None = None
    history: (
        Annotated[
            list[HistoryMessage],
            Meta(
                max_length=_MAX_HISTORY,
                description=f'a list of at most {_MAX_HISTORY:,} {{"role", "text"}} objects, oldest first',
            ),
        ]
        | None
    ) = None
    conversation: Annotated[str, Meta(pattern=STORED_ID, description="the id of a conversation")] | None = None
    parent: (
        Annotated[str, Meta(pattern=STORED_ID, description="the id of a message of the conversation, or its own")]
        | None
    ) = None
    grace: Annotated[float, Meta(ge=0, description="seconds, 0 or more")] | None = None
    seed: Seed | None = None
    tools: Tools | None = None
    tool_choice: ToolChoice | None = None
    response_schema: Annotated[dict[str, Any], Meta(description="a JSON Schema: an object")] | None = None
    files: (
        Annotated[
            list[Annotated[str, Meta(pattern=STORED_ID)]],
            Meta(min_length=1, max_length=MAX_FILES, description=f"a list of 1 to {MAX_FILES} ids of files"),
        ]
        | None
    ) = None
    tool_results: (
        Annotated[
            list[ToolAnswer],
            Meta(
                min_length=1,
                max_length=MAX_FUNCTIONS,
                description=f'a list of 1 to {MAX_FUNCTIONS} objects with "call", and with "result" or "error"',
            ),
        ]
        | None
    ) = None
    state: (
        Annotated[str, Meta(min_length=1, max_length=MAX_STATE_CHARS, description="the `state` of an answer")] | None
    ) = None


REQUEST_RULES: Final = {
    **rules_of(ChatRequest),
    "history[]": 'an object with "role" and "text"',
    **rules_of(HistoryMessage, "history[]."),
    "stop[]": f"a string of 1 to {MAX_STOP_CHARS:,} characters",
    "tools[]": '"search", "url_context", "code", or an object with "name", "description" and "parameters"',
    **rules_of(FunctionTool, "tools[]."),
    "tool_choice[]": A_FUNCTION_NAME,
    "files[]": "the id of a file",
    "tool_results[]": ANSWER_RULE,
    **rules_of(ToolAnswer, "tool_results[]."),
}
_requests: StrictDecoder[ChatRequest] = StrictDecoder(ChatRequest, REQUEST_RULES, MAX_STRINGS)


def decode_request(body: bytes) -> ChatRequest:
    """Read the body of an HTTP request, the fields of `chat`; raise `Unreadable` as `decode` does."""
    request = _requests.read_bytes(body)
    if lacks_message(request):
        raise _requests.missing(body.decode(), "message")
    return request


def lacks_message(request: ChatRequest) -> bool:
    """Return whether a request has neither a message nor results, one of which it needs."""
    return not request.message and request.tool_results is None
