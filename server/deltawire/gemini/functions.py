"""The functions of a request, as Gemini's REST API names them. No I/O."""

from typing import Any

from deltawire.gemini.built_in import built_in
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.tools import FunctionTool


def declarations(request: ChatRequest) -> list[dict[str, Any]]:
    """Return the tool that declares the client's functions; an empty list where there is none."""
    declared = [_declaration(tool) for tool in request.tools or () if isinstance(tool, FunctionTool)]
    return [{"functionDeclarations": declared}] if declared else []


def _declaration(tool: FunctionTool) -> dict[str, Any]:
    declared: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        declared["description"] = tool.description
    if tool.parameters is not None:
        declared["parametersJsonSchema"] = tool.parameters
    return declared


def tool_config(request: ChatRequest, *, has_called: bool) -> dict[str, Any]:
    """Return the `toolConfig` of a request as a field of its body; nothing for the provider's default.

    A choice that forces a call holds for the first one of a turn, which is `has_called` after that: else the model
    could never answer in words. Functions beside the provider's own tools need words of their own.
    """
    if not declarations(request):
        return {}
    mixed = bool(built_in(request))
    calling = _calling(request.tool_choice, "VALIDATED" if mixed else None, has_called=has_called)
    config: dict[str, Any] = {} if calling is None else {"functionCallingConfig": calling}
    if mixed:
        config["includeServerSideToolInvocations"] = True
    return {"toolConfig": config} if config else {}


def _calling(choice: str | list[str] | None, auto: str | None, *, has_called: bool) -> dict[str, Any] | None:
    if choice == "none":
        return {"mode": "NONE"}
    if choice is None or choice == "auto" or has_called:
        mode = auto or (None if choice is None else "AUTO")
        return None if mode is None else {"mode": mode}
    return {"mode": "ANY", "allowedFunctionNames": choice} if isinstance(choice, list) else {"mode": "ANY"}
