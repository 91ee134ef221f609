"""A turn's request: what is asked, with which context, and of which models."""

import msgspec

from deltawire.protocol.frames import ChatRequest, HistoryMessage


class TurnRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, and of whom."""

    turn: str
    caller: str
    """Who asks, for the log; empty where nobody is asked."""
    request: ChatRequest
    history: list[HistoryMessage]
    models: tuple[str, ...]
    """The first is asked first, the others when it is at fault."""
