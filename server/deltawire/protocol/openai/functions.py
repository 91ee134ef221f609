"""The functions of OpenAI's requests: the two spellings of its APIs, and the tools of the turn."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from deltawire.protocol.openai.calls import FunctionCall, arguments_of
from deltawire.protocol.openai.fields import FieldRow, ignored, refused, rows_of
from deltawire.protocol.openai.reasons import NO_CACHE, OF_ANSWER, OF_CLIENT
from deltawire.protocol.tools import A_FUNCTION_NAME, FUNCTION_NAME, MAX_FUNCTIONS, FunctionTool, ToolChoice

_A_SCHEMA: Final = "a JSON Schema of the arguments: an object"
_NO_STRICT: Final = "the provider decides how closely a call keeps to its schema"
_ONLY_FUNCTIONS: Final = '"function": OpenAI\'s own tools are not offered'
_ARGUMENTS: Final = "a JSON object, as a string"
MAX_CALL_ID_CHARS: Final = 256
A_CALL_ID: Final = f"the id of a call, of 1 to {MAX_CALL_ID_CHARS} characters"
TOOL_LIST: Final = f"a list of at most {MAX_FUNCTIONS} functions"
CHOICES: Final = '"auto", "none", "required", or an object that names a function'

FunctionName = Annotated[str, Meta(pattern=FUNCTION_NAME, description=A_FUNCTION_NAME)]
CallId = Annotated[str, Meta(min_length=1, max_length=MAX_CALL_ID_CHARS, description=A_CALL_ID)]
FunctionType = Annotated[Literal["function"], Meta(description=_ONLY_FUNCTIONS)]
Arguments = Annotated[str, Meta(description=_ARGUMENTS)]


class FunctionSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A function of the client."""

    name: FunctionName
    description: Annotated[str, Meta(description="a string")] | None = None
    parameters: Annotated[dict[str, Any], Meta(description=_A_SCHEMA)] | None = None
    strict: Annotated[Raw, ignored(_NO_STRICT)] | UnsetType = UNSET

    def tool(self) -> FunctionTool:
        """Return the tool of the turn."""
        return FunctionTool(self.name, self.description, self.parameters or None)


class ChatTool(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool of a chat completion."""

    type: FunctionType
    function: Annotated[FunctionSpec, Meta(description='an object with "name"')]
    cache_control: Annotated[Raw, ignored(NO_CACHE)] | UnsetType = UNSET


class ResponseTool(FunctionSpec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool of a response."""

    type: FunctionType
    output_schema: Annotated[Raw, ignored("the provider takes no schema of a result")] | UnsetType = UNSET
    allowed_callers: Annotated[Raw, refused("only the model calls", ["direct"])] | UnsetType = UNSET
    defer_loading: Annotated[Raw, refused("tools are not searched", False)] | UnsetType = UNSET  # noqa: FBT003
    is_async: Annotated[Raw, refused("calls are answered at once", False)] | UnsetType = field(  # noqa: FBT003
        name="async", default=UNSET
    )


class NamedFunction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The name of a function."""

    name: FunctionName


class ChatChoice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The function that a chat completion must call."""

    type: FunctionType
    function: Annotated[NamedFunction, Meta(description='an object with "name"')]


class ResponseChoice(NamedFunction, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The function that a response must call."""

    type: FunctionType


class CalledFunction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The function of a call."""

    name: FunctionName
    arguments: Arguments | None = None
    parsed_arguments: Annotated[Raw, ignored(OF_CLIENT)] | UnsetType = UNSET


class ChatCall(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call in a message of an earlier answer."""

    id: CallId
    type: FunctionType | None = None
    function: Annotated[CalledFunction, Meta(description='an object with "name" and "arguments"')]
    index: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    extra_content: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET
    provider_specific_fields: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET

    def call(self, path: str) -> FunctionCall:
        """Return the call. Raise `Failure`; `path` is its path in the request."""
        arguments = arguments_of(self.function.arguments or "", f"{path}.function.arguments")
        return FunctionCall(id=self.id, name=self.function.name, arguments=arguments, path=path)


Word = Literal["auto", "none", "required"]


def tools_of(functions: Sequence[FunctionSpec] | None) -> list[Any] | None:
    """Return the tools of the turn; None where there are none."""
    return [function.tool() for function in functions] if functions else None


def choice_of(choice: Word | ChatChoice | ResponseChoice | None, *, has_tools: bool) -> ToolChoice | None:
    """Return the choice of the turn; None for the provider's default."""
    if isinstance(choice, ChatChoice):
        return [choice.function.name]
    if isinstance(choice, ResponseChoice):
        return [choice.name]
    if choice is None or choice == "auto" or (choice == "none" and not has_tools):
        return None
    return "any" if choice == "required" else "none"


def repeated_tools(tools: Sequence[ResponseTool] | None) -> list[dict[str, Any]]:
    """Return the tools as a response repeats them."""
    repeated = []
    for tool in tools or ():
        fields = {"type": tool.type, "name": tool.name, "parameters": tool.parameters}
        if tool.description is not None:
            fields["description"] = tool.description
        repeated.append({**fields, "strict": None if tool.strict is UNSET else tool.strict})
    return repeated


def repeated_choice(choice: Word | ResponseChoice | None) -> str | dict[str, Any]:
    """Return the choice as a response repeats it."""
    return {"type": choice.type, "name": choice.name} if isinstance(choice, ResponseChoice) else choice or "auto"


CHAT_TOOL_ROWS: Final[tuple[FieldRow, ...]] = (
    *rows_of(ChatTool, "tools[]."),
    *rows_of(FunctionSpec, "tools[].function."),
    *rows_of(ChatChoice, "tool_choice."),
    *rows_of(NamedFunction, "tool_choice.function."),
)
RESPONSE_TOOL_ROWS: Final[tuple[FieldRow, ...]] = (
    *rows_of(ResponseTool, "tools[]."),
    *rows_of(ResponseChoice, "tool_choice."),
)
CALL_ROWS: Final[tuple[FieldRow, ...]] = (
    *rows_of(ChatCall, "messages[].tool_calls[]."),
    *rows_of(CalledFunction, "messages[].tool_calls[].function."),
)
