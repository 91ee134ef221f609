"""Turns over HTTP that end in calls, and those that go on with the results: the exchange travels as a signed state."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from deltawire.chat.function_responses import results_of
from deltawire.chat.request import TurnRequest
from deltawire.chat.signed_state import StateSigner
from deltawire.conversations.context import other_model
from deltawire.conversations.turn_context import OpenCalls
from deltawire.gemini.catalog import ModelCatalog
from deltawire.gemini.functions import check_functions
from deltawire.gemini.messages import Content, Exchange, StoredMessage, exchange_of
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage
from deltawire.protocol.errors import Failure

_OWN_FIELDS: Final = ("id", "history", "conversation", "parent", "grace", "tool_results", "state", "model")
"""The fields of a request that its continuation has of its own."""
_CARRIED_FIELDS: Final = tuple(name for name in ChatRequest.__struct_fields__ if name not in _OWN_FIELDS)


class _Message(Struct, frozen=True):
    role: str
    text: str
    parts: Raw | None = None


class _Content(Struct, frozen=True):
    role: str
    parts: Raw


class _State(Struct, frozen=True, kw_only=True):
    model: str
    request: ChatRequest
    history: list[_Message]
    exchange: list[_Content]
    calls: list[str]


_read = msgspec.json.Decoder(_State).decode
_write = msgspec.json.Encoder().encode


class Continuations:
    """Writes and reads the states of turns that end in calls; one for the process."""

    def __init__(self, signer: StateSigner, catalog: ModelCatalog) -> None:
        """`catalog` knows the models that are still offered."""
        self._signer = signer
        self._catalog = catalog

    def keep(self, turn_request: TurnRequest, model: str, exchange: Exchange, calls: Sequence[str]) -> str:
        """Return the state of a turn that ends in these calls of this model, at the end of its exchange."""
        carried_fields = {name: getattr(turn_request.request, name) for name in _CARRIED_FIELDS}
        state = _State(
            model=model,
            request=ChatRequest(**carried_fields),
            history=[_message(message) for message in turn_request.history],
            exchange=[_Content(role, Raw(parts)) for role, parts in exchange],
            calls=list(calls),
        )
        return self._signer.write(turn_request.caller, _write(state))

    def resume(self, turn_request: TurnRequest) -> TurnRequest:
        """Return the request of a turn that goes on from a state, with the results that it brings. Raise `Failure`."""
        request = turn_request.request
        try:
            state = _read(self._signer.read(turn_request.caller, request.state or ""))
        except msgspec.MsgspecError:
            raise _invalid("state", "This state is of another version of this server.") from None
        if request.model is not None and state.model not in self._catalog.models_for(request.model):
            raise other_model(state.model)
        earlier = [Content(content.role, bytes(content.parts)) for content in state.exchange]
        calls = OpenCalls(parts=exchange_of(earlier), names=state.calls)
        carried_fields = {name: getattr(state.request, name) for name in _CARRIED_FIELDS}
        fields = {name: getattr(request, name) for name in _CARRIED_FIELDS}
        own_fields = {name: value for name, value in fields.items() if value not in (None, "")}
        merged = replace(request, **{**carried_fields, **own_fields})
        check_functions(merged)
        return replace(
            turn_request,
            request=merged,
            history=[_stored(message) for message in state.history],
            exchange=(*earlier, results_of(request, calls, turn_request.bounds)),
            models=self._catalog.models_of(replace(merged, model=state.model))[:1],
        )


def check_continuation(request: ChatRequest) -> None:
    """Raise `Failure` for fields that do not go together in a request that brings results, or lacks them."""
    if request.tool_results is None:
        if request.state is not None:
            raise _invalid("tool_results", "A state is continued by the results of its calls: send tool_results.")
        return
    if request.message:
        raise _invalid("message", "A turn that brings tool_results has no message of its own.")
    if request.files:
        raise _invalid("files", "Files are asked with a message, and a turn that brings tool_results has none.")
    if request.state is None and request.conversation is None:
        message = "tool_results need the conversation of their calls, or the state of that answer."
        raise _invalid("tool_results", message)
    if request.state is not None and request.conversation is not None:
        raise _invalid("state", "Calls of a conversation are continued without a state: send one of them.")
    if request.history is not None:
        raise _invalid("history", "The messages before the calls are known: send no history with tool_results.")


def _message(message: HistoryMessage) -> _Message:
    parts = message.parts if isinstance(message, StoredMessage) else None
    return _Message(message.role, message.text, None if parts is None else Raw(parts))


def _stored(message: _Message) -> HistoryMessage:
    if message.parts is None:
        return HistoryMessage(message.role, message.text)  # type: ignore[arg-type]
    return StoredMessage(message.role, message.text, parts=bytes(message.parts))  # type: ignore[arg-type]


def _invalid(field: str, message: str) -> Failure:
    return Failure("invalid_frame", message, field=field)
