"""The calls in a model's parts, and the parts with their results."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from deltawire.chat.request import RoundBounds
from deltawire.conversations.turn_context import OpenCalls
from deltawire.gemini.messages import Content, contents_of
from deltawire.gemini.schema import check_nesting
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.tools import ToolAnswer

_encode = msgspec.json.Encoder().encode


class _Call(Struct, frozen=True):
    name: str | None = None
    id: Any = None
    """As the provider has sent it; it is sent back the same."""


class _Part(Struct, frozen=True, rename="camel"):
    function_call: _Call | None = None


_read_parts = msgspec.json.Decoder(list[_Part], strict=False).decode  # as the answer was read


def calls_of(parts: bytes) -> list[_Call]:
    """Return the calls in a model's parts, in their order."""
    return [part.function_call for part in _read_parts(parts) if part.function_call is not None]


def responses(parts: bytes, names: Sequence[str], tool_results: Mapping[str, ToolAnswer]) -> bytes:
    """Return the parts with the results of all calls of these parts, in the calls' order, as a JSON array.

    `names` are the calls' names, as they were sent to the client. The result of a call without an id has none either.
    """
    encoded: list[dict[str, Any]] = []
    for call, name in zip(calls_of(parts), names, strict=True):
        response: dict[str, Any] = {"name": call.name or "", "response": _response(tool_results[name])}
        encoded.append({"functionResponse": response if call.id in (None, "") else {"id": call.id, **response}})
    return _encode(encoded)


def _response(tool_result: ToolAnswer) -> dict[str, Any]:
    """Return a result as an object, which is all that the provider takes."""
    if tool_result.is_error:
        return {"error": tool_result.error}
    return tool_result.result if isinstance(tool_result.result, dict) else {"result": tool_result.result}


def check_results(
    tool_results: Sequence[ToolAnswer], names: Sequence[str], bounds: RoundBounds
) -> dict[str, ToolAnswer]:
    """Return the results by their calls, all of one round; raise `Failure` unless each call has just one."""
    checked: dict[str, ToolAnswer] = {}
    for index, tool_result in enumerate(tool_results):
        try:
            check_result(tool_result, names, checked, bounds)
        except Failure as failure:
            raise failure.about(f"tool_results[{index}].{failure.field}") from None
        checked[tool_result.call] = tool_result
    if missing := [name for name in names if name not in checked]:
        message = f"tool_results must answer every call of the round; {len(missing)} of {len(names)} are missing."
        raise Failure("invalid_frame", message, field="tool_results")
    return checked


def check_result(
    tool_result: ToolAnswer, names: Sequence[str], known: Mapping[str, ToolAnswer], bounds: RoundBounds
) -> int:
    """Return the size of a result in bytes. Raise `Failure`, with its field, for one that cannot be accepted."""
    if tool_result.call in known:
        raise Failure("invalid_frame", "This call has its result already.", field="call")
    if tool_result.call not in names:
        raise Failure("invalid_frame", "No call of this name waits for a result.", field="call")
    is_error = tool_result.is_error
    check_nesting(tool_result.result, "result")
    encoded = _encode(tool_result.error if is_error else tool_result.result)
    if len(encoded) > bounds.result_chars and len(encoded.decode()) > bounds.result_chars:
        message = f"The result of a function may hold at most {bounds.result_chars:,} characters, as JSON."
        raise Failure("message_too_large", message, field="error" if is_error else "result")
    return len(encoded)


def results_of(request: ChatRequest, calls: OpenCalls, bounds: RoundBounds) -> Content:
    """Return the content of the results that a request brings. Raise `Failure`, with its field."""
    parts = contents_of(calls.parts)[-1].parts
    names = calls.names[len(calls.names) - len(calls_of(parts)) :]
    tool_results = check_results(request.tool_results or (), names, bounds)
    return Content("user", responses(parts, names, tool_results))
