"""The request of a turn: the message, its context, and the models to ask."""

import msgspec

from deltawire.protocol.frames import ChatRequest, HistoryMessage


class TurnRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A `chat` as it is asked of the upstream."""

    turn: str
    caller: str
    """The caller's name, for the log; empty where nobody has to authenticate."""
    request: ChatRequest
    history: list[HistoryMessage]
    models: tuple[str, ...]
    """The models to ask in this order: a later one when those before it are at fault."""
