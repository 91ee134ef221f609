"""The functions of a request, as Gemini's REST API names them. No I/O."""

from typing import Any

from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.tools import FunctionTool


def declarations(request: ChatRequest) -> list[dict[str, Any]]:
    """Return the declarations of the client's functions; one without parameters declares none."""
    return [_declaration(tool) for tool in request.tools or () if isinstance(tool, FunctionTool)]


def _declaration(tool: FunctionTool) -> dict[str, Any]:
    declared: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        declared["description"] = tool.description
    if tool.parameters is not None:
        declared["parametersJsonSchema"] = tool.parameters
    return declared


def calling_config(request: ChatRequest, *, has_called: bool) -> dict[str, Any] | None:
    """Return the `functionCallingConfig` of a request; None for the provider's default.

    A choice that forces a call holds for the first one of a turn, which is `has_called` after that: else the model
    could never answer in words.
    """
    choice = request.tool_choice
    if choice is None or choice == "auto" or (has_called and choice != "none"):
        return None if choice is None else {"mode": "AUTO"}
    if isinstance(choice, list):
        return {"mode": "ANY", "allowedFunctionNames": choice}
    return {"mode": choice.upper()}
