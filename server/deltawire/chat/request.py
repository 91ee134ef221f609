"""The request of a turn: the message, its context, and the models to ask."""

from collections.abc import Callable, Sequence

import msgspec

from deltawire.gemini.messages import Content, Exchange
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage
from deltawire.protocol.tools import FunctionTool

KeepState = Callable[["TurnRequest", str, Exchange, Sequence[str]], str]
"""A function of a request, the model that called, the whole exchange and the names of its last calls."""


class RoundBounds(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of a turn with functions."""

    rounds: int = 10
    """The most rounds of calls; then the turn ends with an error."""
    result_chars: int = 100_000
    """The most characters of one result, as JSON."""
    bytes: int = 4 * 2**20
    """The most bytes of all that a turn sends back: the model's parts, and the results."""


def _count_nothing(_: int) -> None:
    """Count nothing: for a turn outside of a process that serves."""


class TurnRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The request of one turn to the upstream."""

    turn: str
    caller: str
    """The caller's name, for the log; empty where callers need not authenticate."""
    request: ChatRequest
    history: list[HistoryMessage]
    exchange: tuple[Content, ...] = ()
    """The contents after the message: calls of the model, and their results."""
    models: tuple[str, ...]
    """The models to ask, in this order: the next one when those before it failed."""
    max_answer_chars: int = 10_000_000
    waits_for_results: bool = False
    """True where the client can answer calls while the turn runs; else the turn ends in them."""
    bounds: RoundBounds = RoundBounds()
    hold: Callable[[int], None] = _count_nothing
    """Counts bytes that the turn keeps in memory while it runs; raises `Failure` where its caller holds too much."""
    is_self_contained: bool = False
    """True where the answer has to hold all that the model made: its client cannot be told of a stored file."""
    keep_state: "KeepState | None" = None
    """Makes the state of a turn over HTTP that ends in calls."""

    @property
    def has_functions(self) -> bool:
        """True where the model may call functions of the client."""
        return bool(self.request.tools) and any(isinstance(tool, FunctionTool) for tool in self.request.tools or ())
