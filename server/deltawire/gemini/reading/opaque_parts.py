"""The parts of an answer that must be sent back unchanged, and the calls of functions among them. No I/O."""

import secrets
from typing import Any, Final

import msgspec

from deltawire.gemini.events import Event, Opaque, ToolCall
from deltawire.gemini.reading.loose_json import dumps, loads
from deltawire.gemini.reading.partial_args import PartialArg, PartialArguments
from deltawire.gemini.reading.response import UNREADABLE

_CALL_BYTES: Final = 8
_OF_TEXT: Final = {"text", "thought", "thoughtSignature"}


class _Call(msgspec.Struct, rename="camel"):
    name: str | None = None
    id: Any = None
    """Google sends text; some gateways send a number."""
    args: Any = None
    partial_args: list[PartialArg | None] | None = None
    will_continue: bool | None = None


class _Part(msgspec.Struct, rename="camel"):
    function_call: _Call | None = None
    thought_signature: Any = None


class _Content(msgspec.Struct):
    parts: list[msgspec.Raw] | None = None


class _Candidate(msgspec.Struct):
    content: _Content | None = None


class _Response(msgspec.Struct):
    candidates: list[_Candidate | None] | None = None


_read_response = msgspec.json.Decoder(_Response).decode
_read_part = msgspec.json.Decoder(_Part, strict=False).decode
_encode = msgspec.json.Encoder().encode


def raw_parts(payload: bytes) -> list[bytes]:
    """Return the bytes of each part of the first candidate of an event that was decoded."""
    candidates = _read_response(payload).candidates
    candidate = candidates[0] if candidates else None
    parts = candidate.content.parts if candidate and candidate.content else None
    return [bytes(part) for part in parts or ()]


class OpaqueParts:
    """Reads the parts of one answer that are not plain text."""

    __slots__ = ("_last", "_open", "_partial", "has_content")

    def __init__(self) -> None:
        """Start before the first part."""
        self._open: _Part | None = None
        """A call whose arguments still come."""
        self._partial = PartialArguments()
        self._last = b""
        self.has_content = False
        """True once a part had more than text and a signature."""

    def take(self, part: bytes, text: str | None, *, is_thought: bool, events: list[Event]) -> None:
        """Append the events of a part, whose text was sent already."""
        try:
            part, fields = _strict(part)
            read = _read_part(part)
        except (*UNREADABLE, ValueError):
            return  # of an unknown shape: without it the text is still right
        has_content = bool(fields.keys() - _OF_TEXT) and not is_thought
        self.has_content = self.has_content or has_content
        call = read.function_call
        if call is not None:
            self._take_call(read, call, part, events)
        elif (read.thought_signature or has_content) and part != self._last:
            self._last = part  # the same once more is a heartbeat
            events.append(Opaque(part, 0 if is_thought else len(text or "")))

    def end(self, events: list[Event]) -> None:
        """Append the events of a call whose last piece did not say that it is the last.

        Only for an answer that the model ended itself: else the arguments were cut, and no function may get half.
        """
        if self._open is not None:
            self._close(events)

    def _take_call(self, read: _Part, call: _Call, part: bytes, events: list[Event]) -> None:
        is_piece = bool(call.will_continue or call.partial_args) or (self._open is not None and not call.name)
        if call.name and not self._goes_on(call):
            self._close(events)
        if not is_piece:
            if call.name or call.args is not None:  # else it is the end of a call whose last piece said so already
                _append(call, part, events)
            return
        if self._open is None:
            self._open, self._partial = read, PartialArguments(call.args)
        elif read.thought_signature and not self._open.thought_signature:
            self._open.thought_signature = read.thought_signature
        for piece in call.partial_args or ():
            if piece is not None:
                self._partial.add(piece)
        if not call.will_continue:
            self._close(events)

    def _goes_on(self, call: _Call) -> bool:
        """Return whether a piece names the call that is open once more, as some gateways do."""
        first = self._open.function_call if self._open is not None else None
        return first is not None and call.id not in (None, "") and (call.id, call.name) == (first.id, first.name)

    def _close(self, events: list[Event]) -> None:
        """Append the call whose pieces have come, as the one part that it would have been."""
        read, self._open = self._open, None
        if read is None or read.function_call is None:
            return
        first = read.function_call
        call = _Call(first.name, first.id, self._partial.value)
        call_json: dict[str, Any] = {"name": call.name or "", "args": call.args}
        if call.id not in (None, ""):
            call_json["id"] = call.id
        part: dict[str, Any] = {"functionCall": call_json}
        if read.thought_signature:
            part["thoughtSignature"] = read.thought_signature
        _append(call, _encode(part), events)


def _strict(part: bytes) -> tuple[bytes, dict[str, Any]]:
    """Return a part as strict JSON, and its fields. What `decode` skips may hold numbers that are out of range."""
    try:
        return part, msgspec.json.decode(part)
    except UNREADABLE:
        part = dumps(loads(part))
        return part, msgspec.json.decode(part)


def _append(call: _Call, part: bytes, events: list[Event]) -> None:
    arguments = {} if call.args is None else call.args
    if not isinstance(arguments, dict):
        arguments = {"value": arguments}
    events.append(ToolCall(_id_of(call), call.name or "", arguments))
    events.append(Opaque(part, 0))


def _id_of(call: _Call) -> str:
    """Return the provider's id as text; one of our own where there is none."""
    if isinstance(call.id, (str, int)) and not isinstance(call.id, bool) and call.id != "":
        return str(call.id)
    return f"call-{secrets.token_hex(_CALL_BYTES)}"
