"""The calls in a model's parts, and the parts that answer them."""

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
    name: str = ""
    id: str | None = None


class _Part(Struct, frozen=True, rename="camel"):
    function_call: _Call | None = None


_read_parts = msgspec.json.Decoder(list[_Part]).decode


def calls_of(parts: bytes) -> list[_Call]:
    """Return the calls in a model's parts, in their order."""
    return [part.function_call for part in _read_parts(parts) if part.function_call is not None]


def responses(parts: bytes, names: Sequence[str], answers: Mapping[str, ToolAnswer]) -> bytes:
    """Return the parts that answer all calls of these parts, in the calls' order, as a JSON array.

    `names` are the calls' names, as they were sent to the client. The answer of a call without an id has none either.
    """
    encoded: list[dict[str, Any]] = []
    for call, name in zip(calls_of(parts), names, strict=True):
        response: dict[str, Any] = {"name": call.name, "response": _response(answers[name])}
        encoded.append({"functionResponse": {"id": call.id, **response} if call.id else response})
    return _encode(encoded)


def _response(answer: ToolAnswer) -> dict[str, Any]:
    """Return an answer as an object, which is all that the provider takes."""
    if answer.is_error:
        return {"error": answer.error}
    return answer.result if isinstance(answer.result, dict) else {"result": answer.result}


def check_answers(answers: Sequence[ToolAnswer], names: Sequence[str], bounds: RoundBounds) -> dict[str, ToolAnswer]:
    """Return the answers by their calls, all of one round; raise `Failure` unless each call has just one."""
    checked: dict[str, ToolAnswer] = {}
    for index, answer in enumerate(answers):
        try:
            check_answer(answer, names, checked, bounds)
        except Failure as failure:
            raise failure.about(f"tool_results[{index}].{failure.field}") from None
        checked[answer.call] = answer
    if missing := [name for name in names if name not in checked]:
        message = f"tool_results must answer every call of the round; {len(missing)} of {len(names)} are missing."
        raise Failure("invalid_frame", message, field="tool_results")
    return checked


def check_answer(
    answer: ToolAnswer, names: Sequence[str], answered: Mapping[str, ToolAnswer], bounds: RoundBounds
) -> int:
    """Return the size of an answer in bytes. Raise `Failure`, with its field, for one that cannot be accepted."""
    if answer.call in answered:
        raise Failure("invalid_frame", "This call has its result already.", field="call")
    if answer.call not in names:
        raise Failure("invalid_frame", "No call of this name waits for a result.", field="call")
    is_error = answer.is_error
    check_nesting(answer.result, "result")
    encoded = _encode(answer.error if is_error else answer.result)
    if len(encoded) > bounds.result_chars and len(encoded.decode()) > bounds.result_chars:
        message = f"The result of a function may hold at most {bounds.result_chars:,} characters, as JSON."
        raise Failure("message_too_large", message, field="error" if is_error else "result")
    return len(encoded)


def results_of(request: ChatRequest, calls: OpenCalls, bounds: RoundBounds) -> Content:
    """Return the content of the results that a request brings. Raise `Failure`, with its field."""
    parts = contents_of(calls.parts)[-1].parts
    names = calls.names[len(calls.names) - len(calls_of(parts)) :]
    answers = check_answers(request.tool_results or (), names, bounds)
    return Content("user", responses(parts, names, answers))
