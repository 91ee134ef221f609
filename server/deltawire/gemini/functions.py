"""The functions of a request, as Gemini's REST API names them. No I/O."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from deltawire.gemini.built_in import built_in
from deltawire.gemini.models import checks_signatures
from deltawire.gemini.schema import check_schemas
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.tools import FunctionTool

_SIGNATURE: Final = "thoughtSignature"
_NO_SIGNATURE: Final = "skip_thought_signature_validator"
"""Google's placeholder for the signature of a call that the model did not make, or whose signature is lost."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[dict[str, Any]]).decode


def plain_calls(text: str, calls: Sequence[tuple[str, dict[str, Any]]], model: str) -> bytes:
    """Return a step of the model without its own parts, as a JSON array: its text, and its calls by name."""
    parts: list[dict[str, Any]] = [{"text": text}] if text else []
    for number, (name, arguments) in enumerate(calls):
        signed = {_SIGNATURE: _NO_SIGNATURE} if number == 0 and checks_signatures(model) else {}
        parts.append({"functionCall": {"name": name, "args": arguments}, **signed})
    return _encode(parts)


def signed_again(encoded: bytes, model: str) -> bytes:
    """Return another model's parts, a JSON array, without its signatures, which are valid for that model only.

    A part of an empty text only carries a signature, and is left out.
    """
    signed = [part for part in _decode(encoded) if part.get("text") != ""]
    parts = [{name: value for name, value in part.items() if name != _SIGNATURE} for part in signed]
    first_call = next((part for part in parts if "functionCall" in part), None)
    if first_call is not None and checks_signatures(model):
        first_call[_SIGNATURE] = _NO_SIGNATURE
    return _encode(parts)


def declarations(request: ChatRequest) -> list[dict[str, Any]]:
    """Return the tool that declares the client's functions; an empty list where there is none."""
    declared = [_declaration(tool) for tool in request.tools or () if isinstance(tool, FunctionTool)]
    return [{"functionDeclarations": declared}] if declared else []


def check_functions(request: ChatRequest) -> None:
    """Raise `Failure` for two functions of one name, for a choice of those that are not named, and for their size."""
    functions = [(tool, index) for index, tool in enumerate(request.tools or ()) if isinstance(tool, FunctionTool)]
    check_schemas((tool.parameters, f"tools[{index}].parameters") for tool, index in functions)
    names = [tool.name for tool, _ in functions]
    if len(set(names)) < len(names):
        raise Failure("invalid_frame", "tools: each function needs a name of its own.", field="tools")
    choice = request.tool_choice
    if choice == "any" and not names:
        raise Failure("invalid_frame", "tool_choice: name functions to call in tools.", field="tool_choice")
    if isinstance(choice, list) and (unknown := [name for name in choice if name not in names]):
        raise Failure("invalid_frame", f"tool_choice: tools names no function {unknown[0]}.", field="tool_choice")


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
