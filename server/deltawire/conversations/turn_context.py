"""The context of a turn of a conversation: its history, its models, and the calls that it answers."""

from typing import NamedTuple

import msgspec

from deltawire.protocol.chat_request import ChatRequest, HistoryMessage


class ContextBounds(NamedTuple):
    """The bounds of what a turn is asked with."""

    chars: int
    """Of its texts."""
    parts_bytes: int
    """Of the parts that are sent back (`StoredMessage.parts`)."""


class OpenCalls(msgspec.Struct, frozen=True, kw_only=True):
    """The calls in which an answer has ended."""

    parts: bytes
    """The answer's contents."""
    names: list[str]
    """The names of all calls of the answer, as they were sent to its client; those of the last round are the last."""


class TurnContext(msgspec.Struct, frozen=True, kw_only=True):
    """The request of a turn with the context of its conversation."""

    request: ChatRequest
    """The request, with the conversation's settings where it has none of its own."""
    history: list[HistoryMessage]
    models: tuple[str, ...]
    """The models to ask, in this order: the next one when those before it failed."""
    files_before: tuple[str, ...] = ()
    """The files of a stored question that is asked again."""
    open_calls: OpenCalls | None = None
    """The calls whose results the request brings."""
