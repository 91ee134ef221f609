"""The tools of a turn: those that a request names, and the answers to the calls of its functions."""

from typing import Annotated, Any, Final, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

BuiltInTool = Literal["search", "url_context", "code"]
"""A tool that runs at the provider."""
MAX_BUILT_IN: Final = len(get_args(BuiltInTool))
A_BUILT_IN: Final = '"search", "url_context" or "code"'
BUILT_IN_RULE: Final = f"a list of {A_BUILT_IN}"
MAX_FUNCTIONS: Final = 128
FUNCTION_NAME: Final = r"^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$(?!\n)"
MAX_CALL_CHARS: Final = 256
A_FUNCTION_NAME: Final = "1 to 128 of A-Z a-z 0-9 _ . : -, a letter or _ first"
A_CALL: Final = f"the name of a call, of at most {MAX_CALL_CHARS} characters"
TOOLS_RULE: Final = (
    f'a list of at most {MAX_BUILT_IN + MAX_FUNCTIONS} tools: "search", "url_context", "code", '
    'or {"name", "description", "parameters"} objects'
)
ANSWER_RULE: Final = 'an object with "call", and with "result" or "error"'

CallName = Annotated[str, Meta(min_length=1, max_length=MAX_CALL_CHARS, description=A_CALL)]
ToolError = Annotated[str, Meta(description="a string: what went wrong")]


class FunctionTool(Struct, frozen=True, forbid_unknown_fields=True):
    """A function that the client answers; `parameters` is a JSON Schema of its arguments."""

    name: Annotated[str, Meta(pattern=FUNCTION_NAME, description=A_FUNCTION_NAME)]
    description: Annotated[str, Meta(description="a string")] | None = None
    parameters: Annotated[dict[str, Any], Meta(description="a JSON Schema: an object")] | None = None


class ToolAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to one call: its `result`, or the `error` that it ended in."""

    call: CallName
    result: Annotated[Any, Meta(description="any JSON")] = UNSET
    error: ToolError | UnsetType | None = UNSET

    @property
    def is_error(self) -> bool:
        """True where the call ended in an error."""
        return isinstance(self.error, str)

    def __post_init__(self) -> None:
        """Raise ValueError for an answer with both, or with neither."""
        if not has_one_answer(self.result, self.error):
            raise ValueError(ANSWER_RULE)


def has_one_answer(result: object, error: object) -> bool:
    """Return whether exactly one of the two was given. A null beside the other one counts as absent."""
    if isinstance(error, str):
        return result is UNSET or result is None
    return result is not UNSET


Tools = Annotated[
    list[BuiltInTool | FunctionTool], Meta(max_length=MAX_BUILT_IN + MAX_FUNCTIONS, description=TOOLS_RULE)
]
ToolChoice = Annotated[
    Literal["auto", "none", "any"]
    | Annotated[
        list[Annotated[str, Meta(pattern=FUNCTION_NAME)]],
        Meta(min_length=1, max_length=MAX_FUNCTIONS),
    ],
    Meta(description='"auto", "none", "any", or a list of names of functions'),
]
