"""The rounds of one turn: the model calls functions, its client sends their results, and the model is asked again."""

import asyncio
from typing import Final

from msgspec.structs import replace

from deltawire.aio.timeouts import InterruptibleTimeout
from deltawire.chat.clock import TurnClock
from deltawire.chat.function_responses import calls_of, check_result, responses
from deltawire.chat.model_parts import ModelParts
from deltawire.chat.request import TurnRequest
from deltawire.conversations.transcript import Transcript
from deltawire.gemini.events import Opaque
from deltawire.gemini.messages import Content, exchange_of
from deltawire.protocol.errors import Failure
from deltawire.protocol.tools import ToolAnswer

NO_PARTS: Final = b"[]"
_COPIES: Final = 2
"""A part is in memory twice: as it came, and in the request that sends it back."""


class Rounds:
    """The rounds of one turn: the parts of the model, its calls, and their results."""

    __slots__ = (
        "_all_came",
        "_is_over",
        "_parts",
        "_request",
        "_results",
        "_size",
        "_texts",
        "contents",
        "done",
        "has_functions",
        "is_plain",
        "names",
    )  # fmt: skip

    def __init__(self, request: TurnRequest) -> None:
        """Start before the first event."""
        self._request = request
        self._parts: ModelParts | None = None
        self._texts: list[str] | None = None
        self._results: dict[str, ToolAnswer] = {}
        self._all_came: asyncio.Future[None] | None = None
        """Done when each call of the round has its result; None while nothing waits for that."""
        self._size = 0
        self._is_over = False
        self.has_functions = False
        self.is_plain = True
        """False once there is more than text to be sent back, or may be."""
        self.done: list[list[str]] = []
        """The calls of each earlier round: they have their results."""
        self.names: list[str] = []
        """The calls of the round that goes on."""
        self.contents: list[Content] = []
        """The contents of the rounds that are over, of the model and of the functions."""

    def begin(self, request: TurnRequest, texts: list[str] | None) -> list[str] | None:
        """Begin with the request in the context of its conversation; return a list for the pieces of the answer's text.

        `texts` is the list that the observer has for them; None where it has none. The same list is returned, or a new
        one where functions may be called; None where nobody needs the pieces.
        """
        self._request = request
        if request.exchange:
            self.contents = list(request.exchange)
            self._size = sum([len(content.parts) for content in request.exchange])
            self.is_plain = False
        if request.request.tools is not None and request.has_functions:
            self.has_functions, self.is_plain = True, False
        self._texts = [] if texts is None and self.has_functions else texts
        return self._texts

    def keep(self, chars: int, event: Opaque) -> None:
        """Keep a part of the model that came after this many characters of the answer's text. Raise `Failure`."""
        if not self._count_bytes(len(event.part), None):
            self._parts = None
            return
        if self._parts is None:
            self._parts, self.is_plain = ModelParts(), False
        self._parts.add(chars, event.covers, event.part)

    def call(self, name: str) -> str:
        """Add a call that is sent to the client; return its name, which is new in this turn. Raise `Failure`."""
        most = self._request.bounds.rounds
        if len(self.done) >= most:
            message = f"The model called functions in more than {most} rounds; see MAX_TOOL_ROUNDS."
            raise Failure("too_many_rounds", message)
        unique, number = name, 1
        while unique in self.names or self._is_of_earlier_round(unique):
            number += 1
            unique = f"{name}-{number}"
        self.names.append(unique)
        return unique

    def give_result(self, tool_result: ToolAnswer) -> None:
        """Take the result of a call. Raise `Failure`, with its field; nothing changes then."""
        if self._is_over:
            raise Failure("unknown_turn", "This turn is over: the result came too late.", field="id")
        if self._is_of_earlier_round(tool_result.call):
            raise Failure("invalid_frame", "This call has its result already.", field="call")
        if self._request.waits_for_results:
            size = check_result(tool_result, self.names, self._results, self._request.bounds)
            self._count_bytes(size, "result")
            self._results[tool_result.call] = tool_result
        else:
            raise Failure("invalid_frame", "This turn ends in its calls: bring their results to the next.", field="id")
        if self._all_came is not None and not self._all_came.done() and not self._lacks_results:
            self._all_came.set_result(None)

    def end_round(self) -> bool:
        """Keep the parts of a round that ended in calls; return True where their results will come.

        Raise `Failure` when all that is sent back is too much.
        """
        text = "".join(self._texts or ())
        parts = self._parts or ModelParts()
        self.contents.append(Content("model", parts.encoded(text)))
        parts.next_round(len(text))
        return self._request.waits_for_results

    async def wait_for_results(self, scope: InterruptibleTimeout, clock: TurnClock) -> None:
        """Wait until every call has its result; raise TimeoutError. The turn's own deadline waits, too."""
        began = clock.now()
        try:
            with scope.until(began + clock.deadlines.tool):
                if self._lacks_results:
                    self._all_came = asyncio.get_running_loop().create_future()
                    await self._all_came
        finally:
            self._all_came = None
            clock.pause(clock.now() - began)

    def ask_again(self, model: str) -> TurnRequest:
        """Return the request of the next round, to the model whose calls have their results."""
        results = responses(self.contents[-1].parts, self.names, self._results)
        self.contents.append(Content("user", results))
        self.done.append(self.names)
        self.names, self._results = [], {}
        return replace(self._request, exchange=tuple(self.contents), models=(model,))

    def exchange(self, text: str) -> bytes | None:
        """Return the parts to store with an answer of this text (`StoredMessage.parts`); None where it is text only.

        The model accepts only a complete exchange: one that broke off in calls, or before the model has used their
        results, is stored as text.
        """
        if self._parts is None and not self.contents:
            return None
        contents = list(self.contents)
        if not self.is_left_in_calls:
            parts = self._parts or ModelParts()
            if not contents and parts.is_only_text:
                return None
            last = Content("model", parts.encoded(text))
            contents.append(last)
            if last.parts == NO_PARTS or calls_of(last.parts):
                return None
        exchange = exchange_of(contents)
        return exchange if len(exchange) <= self._request.bounds.bytes else None

    @property
    def chars_before(self) -> int:
        """The characters of the answer's text before the round that goes on."""
        return 0 if self._parts is None else self._parts.chars_before

    @property
    def is_left_in_calls(self) -> bool:
        """True where the turn has ended in calls, and another one brings their results."""
        has_ended_in_calls = bool(self.names and self.contents) and self.contents[-1].role == "model"
        return has_ended_in_calls and not self._request.waits_for_results

    def state(self, model: str) -> str | None:
        """Return the state of a turn that this model has left in calls; None where its conversation has all."""
        keep = self._request.keep_state
        if keep is None or not self.is_left_in_calls or self._request.request.conversation is not None:
            return None
        return keep(self._request, model, self.contents, self.names)

    def close(self, transcript: Transcript | None) -> None:
        """Take no more results; give the transcript the parts to store with its answer."""
        self._is_over = True
        if transcript is not None and (self._parts is not None or self.contents):
            transcript.parts = self.exchange(transcript.text)

    @property
    def is_waiting(self) -> bool:
        """True while the turn waits for results."""
        return self._all_came is not None

    @property
    def _lacks_results(self) -> bool:
        return len(self._results) < len(self.names)

    def _is_of_earlier_round(self, name: str) -> bool:
        return any(name in names for names in self.done)

    def _count_bytes(self, size: int, field: str | None) -> bool:
        """Count bytes that will be sent back. Without functions, return False for too many: the text stands for them.

        Raise `Failure` with functions, for the field that brought them: without the parts their results cannot be sent.
        The bytes count for the quota of the turn's caller, too.
        """
        most = self._request.bounds.bytes
        if self.has_functions and self._size + size > most:
            message = f"The calls and results of this turn are over {most:,} bytes; see MAX_PARTS_BYTES."
            raise Failure("message_too_large", message, field=field)
        if self._size + size > most:
            self._size += size
            return False
        try:
            self._request.hold(_COPIES * size)
        except Failure:
            if self.has_functions:
                raise
            return False
        self._size += size
        return True
