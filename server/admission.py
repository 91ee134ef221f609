"""Where a turn is accepted or refused, before anything is asked of the upstream."""

import secrets

import msgspec

from server.errors import Failure
from server.frames import ChatRequest, HistoryMessage
from server.gemini.events import Upstream
from server.opening import Deadlines, Question
from server.turn import Turn


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """The models on offer."""

    models: tuple[str, ...]
    """What `GET /models` lists."""
    default: str
    fallbacks: tuple[str, ...]
    any: bool
    """Whether every well-formed name is allowed."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much one turn may bring, in characters, and how many turns may run."""

    message_chars: int
    history_chars: int
    turns: int


class Admission:
    """Hands out turns; one for the process."""

    def __init__(self, upstream: Upstream, offer: Offer, bounds: Bounds, deadlines: Deadlines) -> None:
        """Start with no turn running."""
        self.offer = offer
        self._upstream = upstream
        self._bounds = bounds
        self._deadlines = deadlines
        self._running = 0

    def accept(self, request: ChatRequest, memory: list[HistoryMessage]) -> Turn:
        """A turn for a request; `release` it when it is over. Raise `Failure` when it is refused.

        `memory` is the context when the request brings none.
        """
        self._check_size(request)
        model = request.model or self.offer.default
        if not self.offer.any and model not in self.offer.models:
            raise Failure("unknown_model", field="model")
        if self._running >= self._bounds.turns:
            raise Failure("overloaded", retry_after=1.0)
        self._running += 1
        question = Question(
            turn=request.id or secrets.token_hex(8),
            request=request,
            history=memory if request.history is None else request.history,
            models=(model, *(name for name in self.offer.fallbacks if name != model)),
        )
        return Turn(question, self._upstream, self._deadlines)

    def release(self) -> None:
        """Take note that a turn is over."""
        self._running -= 1

    def _check_size(self, request: ChatRequest) -> None:
        bounds = self._bounds
        if len(request.message) > bounds.message_chars:
            raise _too_large("message", bounds.message_chars)
        if sum(len(message.text) for message in request.history or ()) > bounds.history_chars:
            raise _too_large("history", bounds.history_chars)
        if len(request.system or "") > bounds.message_chars:
            raise _too_large("system", bounds.message_chars)


def _too_large(field: str, limit: int) -> Failure:
    return Failure("message_too_large", f"The {field} may hold at most {limit:,} characters.", field=field)
