"""The request of a turn: the message, its context, and the models to ask."""

import msgspec

from deltawire.protocol.chat_request import ChatRequest, HistoryMessage


class TurnRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The request of one turn to the upstream."""

    turn: str
    caller: str
    """The caller's name, for the log; empty where callers need not authenticate."""
    request: ChatRequest
    history: list[HistoryMessage]
    models: tuple[str, ...]
    """The models to ask, in this order: the next one when those before it failed."""
    max_answer_chars: int = 10_000_000
