"""The request of `POST /v1/responses`, and the turn that it asks for."""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from deltawire.protocol.chat_request import INT32, ChatRequest
from deltawire.protocol.decoding import StrictDecoder
from deltawire.protocol.errors import Failure
from deltawire.protocol.openai.calls import RequestMessage
from deltawire.protocol.openai.conversation import (
    EFFORTS,
    MAX_MESSAGES,
    MAX_STRINGS,
    THINKING,
    Effort,
    check_model,
    conversation_of,
)
from deltawire.protocol.openai.fields import FieldRow, check, ignored, refused, refused_among, rows_of
from deltawire.protocol.openai.functions import (
    CHOICES,
    RESPONSE_TOOL_ROWS,
    TOOL_LIST,
    ResponseChoice,
    ResponseTool,
    Word,
    choice_of,
    tools_of,
)
from deltawire.protocol.openai.given_files import (
    given_request,
)
from deltawire.protocol.openai.json_answers import TextFormat, schema_of_text
from deltawire.protocol.openai.reasons import (
    KEY_ASKS,
    MODELS_CHOICE,
    NO_CACHE,
    NO_LOGPROBS,
    NO_PADDING,
    NO_STORE,
    NO_THOUGHTS_BACK,
    NO_VERBOSITY,
    OF_CLIENT,
    ONE_TIER,
    OWN_RULES,
    TOKENS,
)
from deltawire.protocol.openai.response_items import InputItem, InputPart
from deltawire.protocol.tools import MAX_FUNCTIONS


class ReasoningOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of thinking."""

    effort: Annotated[Effort, Meta(description=EFFORTS)] | None = None
    summary: (
        Annotated[
            Literal["auto", "concise", "detailed"],
            Meta(description='"auto", "concise" or "detailed": thoughts are sent, where there is an effort'),
        ]
        | None
    ) = None
    generate_summary: Annotated[Raw, ignored("its new name is `summary`")] | UnsetType = UNSET
    context: Annotated[Raw, ignored(NO_THOUGHTS_BACK)] | UnsetType = UNSET
    mode: Annotated[Raw, refused("there is one mode", "standard")] | UnsetType = UNSET


class TextOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of the text."""

    format: Annotated[TextFormat, Meta(description='an object with "type"')] | None = None
    verbosity: Annotated[Raw, refused(NO_VERBOSITY, "medium")] | UnsetType = UNSET


class ResponseRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/responses`. A field that is null counts as absent."""

    input: Annotated[
        str | Annotated[list[InputItem], Meta(min_length=1, max_length=MAX_MESSAGES)],
        Meta(description=f"a string, or a list of 1 to {MAX_MESSAGES:,} items, oldest first; the last is the user's"),
    ]
    model: Annotated[str, Meta(description="a model's name; the default one is asked when absent")] | None = None
    instructions: Annotated[str, Meta(description="a string, before the other instructions")] | None = None
    stream: Annotated[bool, Meta(description="true for server-sent events")] | None = None
    stream_options: Annotated[Raw, ignored(NO_PADDING)] | UnsetType = UNSET
    max_output_tokens: Annotated[float, Meta(ge=1, le=INT32, multiple_of=1, description=TOKENS)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2, description="a number from 0 to 2")] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")] | None = None
    reasoning: Annotated[ReasoningOptions, Meta(description="an object")] | None = None
    text: Annotated[TextOptions, Meta(description="an object")] | None = None
    store: Annotated[Raw, refused(NO_STORE, False)] | UnsetType = UNSET  # noqa: FBT003
    previous_response_id: Annotated[Raw, refused(NO_STORE)] | UnsetType = UNSET
    conversation: Annotated[Raw, refused(NO_STORE)] | UnsetType = UNSET
    background: Annotated[Raw, refused(NO_STORE, False)] | UnsetType = UNSET  # noqa: FBT003
    background_options: Annotated[Raw, refused(NO_STORE)] | UnsetType = UNSET
    prompt: Annotated[Raw, refused("prompts are not stored")] | UnsetType = UNSET
    tools: Annotated[list[ResponseTool], Meta(max_length=MAX_FUNCTIONS, description=TOOL_LIST)] | None = None
    tool_choice: Annotated[Word | ResponseChoice, Meta(description=CHOICES)] | None = None
    parallel_tool_calls: Annotated[Raw, ignored(MODELS_CHOICE)] | UnsetType = UNSET
    max_tool_calls: Annotated[Raw, ignored("it is for OpenAI's own tools")] | UnsetType = UNSET
    top_logprobs: Annotated[Raw, refused(NO_LOGPROBS, 0)] | UnsetType = UNSET
    truncation: Annotated[Raw, refused("nothing is left out of a conversation", "disabled")] | UnsetType = UNSET
    context_management: Annotated[Raw, refused("nothing is left out of a conversation", [])] | UnsetType = UNSET
    image: Annotated[Raw, refused("it is for OpenAI's own tools")] | UnsetType = UNSET
    moderation: Annotated[Raw, refused(OWN_RULES)] | UnsetType = UNSET
    access_programs: Annotated[Raw, ignored("it is for OpenAI's own models")] | UnsetType = UNSET
    include: Annotated[Raw, ignored("an answer has nothing more to include")] | UnsetType = UNSET
    client_metadata: Annotated[Raw, ignored(OF_CLIENT)] | UnsetType = UNSET
    metadata: Annotated[Raw, ignored("it is for responses that are stored")] | UnsetType = UNSET
    service_tier: Annotated[Raw, ignored(ONE_TIER)] | UnsetType = UNSET
    prompt_cache_key: Annotated[Raw, ignored(NO_CACHE)] | UnsetType = UNSET
    prompt_cache_options: Annotated[Raw, ignored(NO_CACHE)] | UnsetType = UNSET
    prompt_cache_retention: Annotated[Raw, ignored(NO_CACHE)] | UnsetType = UNSET
    user: Annotated[Raw, ignored(KEY_ASKS)] | UnsetType = UNSET
    safety_identifier: Annotated[Raw, ignored(KEY_ASKS)] | UnsetType = UNSET

    @property
    def effort(self) -> Effort | None:
        """The effort of thinking; None where there is none."""
        return self.reasoning.effort if self.reasoning else None

    @property
    def wants_thoughts(self) -> bool:
        """True when the answer has a summary of the thoughts."""
        return self.reasoning is not None and self.reasoning.summary is not None


_OF_REQUEST: Final = rows_of(ResponseRequest)
_OF_REASONING: Final = rows_of(ReasoningOptions, "reasoning.")
_OF_TEXT: Final = rows_of(TextOptions, "text.")
_OF_ITEM: Final = rows_of(InputItem, "input[].")
_OF_PART: Final = rows_of(InputPart, "input[].content[].")
_OF_FORMAT: Final = rows_of(TextFormat, "text.format.")
RESPONSE_FIELDS: Final[tuple[FieldRow, ...]] = (
    *(*_OF_REQUEST, *_OF_REASONING, *_OF_TEXT, *_OF_FORMAT),
    *(*RESPONSE_TOOL_ROWS, *_OF_ITEM, *_OF_PART),
)
"""The table of the fields."""
_REFUSED: Final = refused_among(_OF_REQUEST)
_REFUSED_OF_REASONING: Final = refused_among(_OF_REASONING)
_REFUSED_OF_TEXT: Final = refused_among(_OF_TEXT)
_REFUSED_OF_TOOL: Final = refused_among(RESPONSE_TOOL_ROWS)
_REFUSED_OF_ITEM: Final = refused_among(_OF_ITEM)
_REFUSED_OF_PART: Final = refused_among(_OF_PART)

_rules: Final = {
    **{row.path: row.words for row in RESPONSE_FIELDS},
    "input[]": 'an object with "role" and "content"',
    "input[].content[]": 'an object with "type" and "text"',
    "input[].output[]": 'an object with "type" and "text"',
    "tools[]": 'an object with "type" and "name"',
}
_requests: StrictDecoder[ResponseRequest] = StrictDecoder(ResponseRequest, _rules, MAX_STRINGS)


def read_response_request(body: bytes) -> ResponseRequest:
    """Read a body. Raise `Failure` for one that is not readable, or has a field that is refused."""
    request = _requests.read_bytes(body)
    check(request, _REFUSED)
    if request.reasoning is not None:
        check(request.reasoning, _REFUSED_OF_REASONING, "reasoning.")
    if request.text is not None:
        check(request.text, _REFUSED_OF_TEXT, "text.")
    for index, tool in enumerate(request.tools or ()):
        check(tool, _REFUSED_OF_TOOL, f"tools[{index}].")
    for index, item in enumerate(() if isinstance(request.input, str) else request.input):
        check(item, _REFUSED_OF_ITEM, f"input[{index}].")
        for number, part in enumerate(item.parts()):
            check(part, _REFUSED_OF_PART, f"input[{index}].{item.parts_field}[{number}].")
    check_model(request.model)
    return request


def chat_of_response(request: ResponseRequest) -> ChatRequest:
    """Return the request of the turn. Raise `Failure` where the last message is not a question."""
    instructions = RequestMessage("system", request.instructions or "", "instructions")
    conversation = conversation_of([instructions, *_request_messages(request.input)])
    chat = ChatRequest(
        message=conversation.message,
        history=conversation.history,
        system=conversation.system,
        model=request.model,
        temperature=request.temperature,
        top_p=request.top_p,
        max_output_tokens=request.max_output_tokens,
        thinking=THINKING[request.effort] if request.effort else None,
        response_schema=schema_of_text(request.text.format) if request.text else None,
        tools=tools_of(request.tools),
        tool_choice=choice_of(request.tool_choice, has_tools=bool(request.tools)),
    )
    return given_request(chat, conversation.files)


def _request_messages(given: str | list[InputItem]) -> list[RequestMessage]:
    """Return the messages. Raise `Failure` where there are none, and for one without a role."""
    if isinstance(given, str):
        return [RequestMessage("user", given, "input")]
    messages = [item.request_message(f"input[{index}]") for index, item in enumerate(given) if item.type != "reasoning"]
    if not messages:
        raise Failure("invalid_frame", "input must hold a message.", field="input")
    return messages
