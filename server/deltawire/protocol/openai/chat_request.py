"""The request of `POST /v1/chat/completions`, and the turn that it asks for."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from deltawire.protocol.chat_request import INT32, MAX_STOP_CHARS, ChatRequest, Seed
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
    check_speaker,
    conversation_of,
    text_of,
)
from deltawire.protocol.openai.fields import FieldRow, check, ignored, refused, refused_among, rows_of
from deltawire.protocol.openai.functions import (
    A_CALL_ID,
    CALL_ROWS,
    CHAT_TOOL_ROWS,
    CHOICES,
    TOOL_LIST,
    CallId,
    ChatCall,
    ChatChoice,
    ChatTool,
    Word,
    choice_of,
    tools_of,
)
from deltawire.protocol.openai.given_files import (
    FILE_ROWS,
    ChatFile,
    GivenFile,
    ImageUrl,
    InputAudio,
    document_of,
    given_request,
    picture_of,
)
from deltawire.protocol.openai.json_answers import NamedSchema, ResponseFormat, schema_of
from deltawire.protocol.openai.pictures import PICTURE_ROWS, MadePicture
from deltawire.protocol.openai.reasons import (
    DEPRECATED,
    KEY_ASKS,
    MODELS_CHOICE,
    NO_CACHE,
    NO_LOGPROBS,
    NO_PADDING,
    NO_SOUND,
    NO_THOUGHTS_BACK,
    NO_VERBOSITY,
    OF_ANSWER,
    OF_CLIENT,
    ONE_TIER,
    OWN_RULES,
    TOKENS,
)
from deltawire.protocol.tools import MAX_FUNCTIONS


class ContentPart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a message."""

    type: Annotated[
        Literal["text", "refusal", "image_url", "input_audio", "file"],
        Meta(description='"text", "refusal", "image_url", "input_audio" or "file"'),
    ]
    text: Annotated[str, Meta(description="a string")] | None = None
    refusal: Annotated[str, Meta(description="a string, which counts as text")] | None = None
    image_url: Annotated[ImageUrl, Meta(description='an object with "url"')] | None = None
    input_audio: Annotated[InputAudio, Meta(description='an object with "data" and "format"')] | None = None
    file: Annotated[ChatFile, Meta(description='an object with "file_data" or "file_id"')] | None = None
    cache_control: Annotated[Raw, ignored(NO_CACHE)] | UnsetType = UNSET
    prompt_cache_breakpoint: Annotated[Raw, ignored(NO_CACHE)] | UnsetType = UNSET

    def attached_file(self, path: str) -> GivenFile | None:
        """Return the file of the part, if it is one. Raise `Failure`; `path` is its path."""
        if self.type == "image_url" and self.image_url is not None:
            return picture_of(self.image_url.url, f"{path}.image_url.url")
        if self.type == "input_audio" and self.input_audio is not None:
            return GivenFile(path=f"{path}.input_audio.data", data=self.input_audio.data)
        if self.type == "file" and self.file is not None:
            return document_of(self.file.file_data, self.file.file_id, self.file.filename, f"{path}.file")
        if self.type in ("image_url", "input_audio", "file"):
            raise Failure("invalid_frame", f"{path}.{self.type} is missing.", field=f"{path}.{self.type}")
        return None


class ChatMessage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message of the conversation."""

    role: Annotated[
        Literal["system", "developer", "user", "assistant", "tool"],
        Meta(description='"system", "developer", "user", "assistant" or "tool"; "function" is deprecated'),
    ]
    content: Annotated[str | list[ContentPart], Meta(description="a string, or a list of parts")] | None = None
    refusal: Annotated[str, Meta(description="a string, which counts as text where there is no content")] | None = None
    name: Annotated[Raw, ignored("the provider has no names of participants")] | UnsetType = UNSET
    id: Annotated[Raw, ignored(OF_CLIENT)] | UnsetType = UNSET
    cache_control: Annotated[Raw, ignored(NO_CACHE)] | UnsetType = UNSET
    annotations: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    reasoning_content: Annotated[Raw, ignored(NO_THOUGHTS_BACK)] | UnsetType = UNSET
    reasoning: Annotated[Raw, ignored(NO_THOUGHTS_BACK)] | UnsetType = UNSET
    reasoning_details: Annotated[Raw, ignored(NO_THOUGHTS_BACK)] | UnsetType = UNSET
    thinking_blocks: Annotated[Raw, ignored(NO_THOUGHTS_BACK)] | UnsetType = UNSET
    provider_specific_fields: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    parsed: Annotated[Raw, ignored(OF_CLIENT)] | UnsetType = UNSET
    audio: Annotated[Raw, refused(NO_SOUND)] | UnsetType = UNSET
    images: Annotated[list[MadePicture], Meta(description="a list of the pictures of an answer")] | None = None
    tool_calls: (
        Annotated[list[ChatCall], Meta(max_length=MAX_FUNCTIONS, description="a list of the calls of an answer")] | None
    ) = None
    tool_call_id: CallId | None = None
    function_call: Annotated[Raw, refused(DEPRECATED)] | UnsetType = UNSET

    def parts(self) -> Sequence[ContentPart]:
        """Return the parts of a content that has some."""
        return self.content if isinstance(self.content, list) else ()

    def text(self) -> str:
        """Return the text; parts become lines."""
        return text_of(self.content if isinstance(self.content, list) else self.content or self.refusal)

    def request_message(self, path: str) -> RequestMessage:
        """Return the message as one of the conversation. Raise `Failure`; `path` is its path."""
        parts = [part.attached_file(f"{path}.content[{index}]") for index, part in enumerate(self.parts())]
        files = tuple(file for file in parts if file is not None)
        check_speaker(self.role, files)
        made = tuple(image.given_file(f"{path}.images[{index}]") for index, image in enumerate(self.images or ()))
        if self.role != "assistant":
            check_speaker(self.role, made)
        files += made
        if self.role != "tool":
            tool_calls = self.tool_calls or () if self.role == "assistant" else ()
            calls = tuple(call.call(f"{path}.tool_calls[{index}]") for index, call in enumerate(tool_calls))
            return RequestMessage(self.role, self.text(), f"{path}.content", calls, files=files)
        field = f"{path}.tool_call_id"
        if self.tool_call_id is None:
            raise Failure("invalid_frame", f"{field} is missing: {A_CALL_ID}.", field=field)
        return RequestMessage(self.role, self.text(), f"{path}.content", answers=self.tool_call_id, answers_path=field)


class StreamOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of a stream."""

    include_usage: Annotated[bool, Meta(description="true for a last chunk with the usage")] | None = None
    include_obfuscation: Annotated[Raw, ignored(NO_PADDING)] | UnsetType = UNSET


class ChatCompletionRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/chat/completions`. A field that is null counts as absent."""

    messages: Annotated[
        list[ChatMessage],
        Meta(
            min_length=1,
            max_length=MAX_MESSAGES,
            description=f"a list of 1 to {MAX_MESSAGES:,} messages, oldest first; the last is the user's",
        ),
    ]
    model: Annotated[str, Meta(description="a model's name; the default one is asked when absent")] | None = None
    stream: Annotated[bool, Meta(description="true for server-sent events")] | None = None
    stream_options: Annotated[StreamOptions, Meta(description="an object")] | None = None
    max_completion_tokens: Annotated[float, Meta(ge=1, le=INT32, multiple_of=1, description=TOKENS)] | None = None
    max_tokens: (
        Annotated[
            float, Meta(ge=1, le=INT32, multiple_of=1, description=f"{TOKENS}; `max_completion_tokens` goes first")
        ]
        | None
    ) = None
    temperature: Annotated[float, Meta(ge=0, le=2, description="a number from 0 to 2")] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")] | None = None
    stop: (
        Annotated[
            Annotated[str, Meta(min_length=1, max_length=MAX_STOP_CHARS)]
            | Annotated[list[Annotated[str, Meta(min_length=1, max_length=MAX_STOP_CHARS)]], Meta(max_length=5)],
            Meta(description=f"a string of 1 to {MAX_STOP_CHARS:,} characters, or a list of at most 5"),
        ]
        | None
    ) = None
    seed: Seed | None = None
    reasoning_effort: Annotated[Effort, Meta(description=EFFORTS)] | None = None
    response_format: Annotated[ResponseFormat, Meta(description='an object with "type"')] | None = None
    tools: Annotated[list[ChatTool], Meta(max_length=MAX_FUNCTIONS, description=TOOL_LIST)] | None = None
    tool_choice: Annotated[Word | ChatChoice, Meta(description=CHOICES)] | None = None
    parallel_tool_calls: Annotated[Raw, ignored(MODELS_CHOICE)] | UnsetType = UNSET
    functions: Annotated[Raw, refused(DEPRECATED, [])] | UnsetType = UNSET
    function_call: Annotated[Raw, refused(DEPRECATED, "none", "auto")] | UnsetType = UNSET
    web_search_options: Annotated[Raw, refused("the web is not searched on this wire")] | UnsetType = UNSET
    n: Annotated[Raw, refused("one question gets one answer", 1)] | UnsetType = UNSET
    frequency_penalty: Annotated[Raw, refused("newer models take no penalties", 0)] | UnsetType = UNSET
    presence_penalty: Annotated[Raw, refused("newer models take no penalties", 0)] | UnsetType = UNSET
    logit_bias: Annotated[Raw, refused("the provider takes no biases", {})] | UnsetType = UNSET
    logprobs: Annotated[Raw, refused(NO_LOGPROBS, False)] | UnsetType = UNSET  # noqa: FBT003
    top_logprobs: Annotated[Raw, refused(NO_LOGPROBS, 0)] | UnsetType = UNSET
    verbosity: Annotated[Raw, refused(NO_VERBOSITY, "medium")] | UnsetType = UNSET
    modalities: Annotated[Raw, refused(NO_SOUND, ["text"], ["text", "image"], ["image", "text"])] | UnsetType = UNSET
    audio: Annotated[Raw, refused(NO_SOUND)] | UnsetType = UNSET
    moderation: Annotated[Raw, refused(OWN_RULES)] | UnsetType = UNSET
    store: Annotated[Raw, refused("completions are not stored", False)] | UnsetType = UNSET  # noqa: FBT003
    metadata: Annotated[Raw, ignored("it is for completions that are stored")] | UnsetType = UNSET
    prediction: Annotated[Raw, ignored("it changes only the speed")] | UnsetType = UNSET
    service_tier: Annotated[Raw, ignored(ONE_TIER)] | UnsetType = UNSET
    prompt_cache_key: Annotated[Raw, ignored(NO_CACHE)] | UnsetType = UNSET
    prompt_cache_options: Annotated[Raw, ignored(NO_CACHE)] | UnsetType = UNSET
    prompt_cache_retention: Annotated[Raw, ignored(NO_CACHE)] | UnsetType = UNSET
    extra_body: Annotated[Raw, refused("a client puts its fields into the request itself", {})] | UnsetType = UNSET
    user: Annotated[Raw, ignored(KEY_ASKS)] | UnsetType = UNSET
    safety_identifier: Annotated[Raw, ignored(KEY_ASKS)] | UnsetType = UNSET

    @property
    def wants_usage(self) -> bool:
        """True when a stream ends with a chunk that has the usage."""
        return self.stream_options is not None and bool(self.stream_options.include_usage)


_OF_REQUEST: Final = rows_of(ChatCompletionRequest)
_OF_MESSAGE: Final = rows_of(ChatMessage, "messages[].")
_OF_PART: Final = rows_of(ContentPart, "messages[].content[].")
FIELDS: Final[tuple[FieldRow, ...]] = (
    *_OF_REQUEST,
    *rows_of(StreamOptions, "stream_options."),
    *rows_of(ResponseFormat, "response_format."),
    *rows_of(NamedSchema, "response_format.json_schema."),
    *CHAT_TOOL_ROWS,
    *_OF_MESSAGE,
    *PICTURE_ROWS,
    *CALL_ROWS,
    *_OF_PART,
    *FILE_ROWS,
)
"""The table of the fields."""
_REFUSED: Final = refused_among(_OF_REQUEST)
_REFUSED_OF_MESSAGE: Final = refused_among(_OF_MESSAGE)
_REFUSED_OF_PART: Final = refused_among(_OF_PART)

_rules: Final = {
    **{row.path: row.words for row in FIELDS},
    "messages[]": 'an object with "role" and "content"',
    "messages[].content[]": 'an object with "type" and "text"',
    "messages[].images[]": 'an object with "image_url"',
    "messages[].tool_calls[]": 'an object with "id" and "function"',
    "tools[]": 'an object with "type" and "function"',
    "stop[]": f"a string of 1 to {MAX_STOP_CHARS:,} characters",
}
_requests: StrictDecoder[ChatCompletionRequest] = StrictDecoder(ChatCompletionRequest, _rules, MAX_STRINGS)


def read_chat_completion(body: bytes) -> ChatCompletionRequest:
    """Read a body. Raise `Failure` for one that is not readable, or has a field that is refused."""
    request = _requests.read_bytes(body)
    check(request, _REFUSED)
    for index, message in enumerate(request.messages):
        check(message, _REFUSED_OF_MESSAGE, f"messages[{index}].")
        for number, part in enumerate(message.parts()):
            check(part, _REFUSED_OF_PART, f"messages[{index}].content[{number}].")
    check_model(request.model)
    return request


def chat_of(request: ChatCompletionRequest) -> ChatRequest:
    """Return the request of the turn. Raise `Failure` where the last message is not a question."""
    messages = [message.request_message(f"messages[{index}]") for index, message in enumerate(request.messages)]
    conversation = conversation_of(messages)
    tools = tools_of([tool.function for tool in request.tools or ()])
    stop = [request.stop] if isinstance(request.stop, str) else request.stop
    chat = ChatRequest(
        message=conversation.message,
        history=conversation.history,
        system=conversation.system,
        model=request.model,
        temperature=request.temperature,
        top_p=request.top_p,
        max_output_tokens=request.max_completion_tokens or request.max_tokens,
        stop=stop or None,
        seed=request.seed,
        thinking=THINKING[request.reasoning_effort] if request.reasoning_effort else None,
        response_schema=schema_of(request.response_format),
        tools=tools,
        tool_choice=choice_of(request.tool_choice, has_tools=bool(tools)),
    )
    return given_request(chat, conversation.files)
