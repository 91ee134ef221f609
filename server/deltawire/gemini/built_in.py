"""The provider's own tools in a request, and which of them a model accepts together. No I/O.

The rules for each family of models are in `gemini/models.py`; docs/reference/upstream.md shows them.
"""

from collections.abc import Sequence
from typing import Any, Final

from deltawire.gemini.models import family_of
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.tools import BuiltInTool, FunctionTool

_WIRE: Final[dict[BuiltInTool, dict[str, Any]]] = {
    "search": {"googleSearch": {}},
    "url_context": {"urlContext": {}},
    "code": {"codeExecution": {}},
}
_NEWER_MODEL: Final = "A newer model, such as gemini-flash-latest, takes it."


def built_in(request: ChatRequest) -> list[BuiltInTool]:
    """Return the built-in tools that a request names, each once."""
    return list(dict.fromkeys(tool for tool in request.tools or () if not isinstance(tool, FunctionTool)))


def built_in_tools(request: ChatRequest) -> list[dict[str, Any]]:
    """Return the built-in tools that a request names, as the provider names them."""
    return [_WIRE[tool] for tool in built_in(request)]


def has_functions(request: ChatRequest) -> bool:
    """Return whether a request names functions of its client."""
    return any(isinstance(tool, FunctionTool) for tool in request.tools or ())


def check_allowed(request: ChatRequest, allowed: Sequence[str]) -> None:
    """Raise `Failure` for a built-in tool that the operator does not allow."""
    for tool in request.tools or ():
        if not isinstance(tool, FunctionTool) and tool not in allowed:
            offered = f"it offers {_listed(list(allowed))}" if allowed else "it offers none"
            raise Failure("invalid_frame", f"tools: this server does not offer {tool}; {offered}.", field="tools")


def check_combination(model: str, request: ChatRequest, *, vertex: bool) -> None:
    """Raise `Failure` for tools that a model does not accept, alone or together; its message says what would work."""
    family, tools, functions = family_of(model), built_in(request), has_functions(request)
    for tool in tools:
        if tool not in family.tools:
            others = f" It takes {_listed(family.tools)}." if family.tools else ""
            raise _refused("tools", f"{model} does not take {tool}.{others} {_NEWER_MODEL}")
    if functions and not family.takes_functions:
        raise _refused("tools", f"{model} does not take functions. {_NEWER_MODEL}")
    if request.response_schema is not None and not family.takes_schema:
        raise _refused("response_schema", f"{model} does not answer in JSON of a schema. {_NEWER_MODEL}")
    if tools and functions and (vertex or not family.mixes):
        who = "Vertex AI" if vertex else model
        how = "leave one of them out" if vertex else "leave one of them out, or ask Gemini 3 or newer"
        raise _refused("tools", f"{who} does not take functions together with {_listed(tools)}: {how}.")
    if (tools or functions) and request.response_schema is not None and not family.mixes:
        how = "leave one of them out, or ask Gemini 3 or newer"
        raise _refused("response_schema", f"{model} does not take a schema together with tools: {how}.")


def _refused(field: str, sentence: str) -> Failure:
    return Failure("invalid_frame", sentence, field=field)


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
