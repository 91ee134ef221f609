"""The running turns of a process: a request is accepted as a turn, or refused before the upstream is asked."""

import asyncio
import secrets
from sys import getsizeof
from typing import Final, NamedTuple

import msgspec

from deltawire.aio.running_time import RunningTime
from deltawire.chat.attempts import Attempts
from deltawire.chat.clock import TurnClock
from deltawire.chat.continuation import Continuations, check_continuation
from deltawire.chat.deadlines import Deadlines
from deltawire.chat.history import memory_of
from deltawire.chat.record import TurnRecord
from deltawire.chat.request import RoundBounds, TurnRequest
from deltawire.chat.states import Reason
from deltawire.chat.turn import Turn
from deltawire.conversations.files.objects import READ_BYTES
from deltawire.conversations.files.turn_files import TurnFiles
from deltawire.conversations.transcript import Transcripts
from deltawire.conversations.usage_history import UsageHistory
from deltawire.gemini.built_in import check_allowed
from deltawire.gemini.catalog import ModelCatalog
from deltawire.gemini.events import Upstream
from deltawire.gemini.functions import check_functions
from deltawire.gemini.messages import FiledRequest, attachments_of, files_of
from deltawire.identity.caller import Caller
from deltawire.identity.quota import Holding, Quota
from deltawire.limits.ledger import Limits
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage
from deltawire.protocol.errors import Failure, cut_by_drain, too_large
from deltawire.protocol.frames import encode
from deltawire.telemetry.request_context import RequestContext
from deltawire.telemetry.request_ids import log_context
from deltawire.telemetry.turn_observer import Telemetry

_COPIES: Final = 2
"""The texts of a turn are in memory twice: as they came, and in the request to the upstream. Its files are there once:
the request has only a piece of one at a time."""

_PARSED_SIZE: Final = 8
"""JSON that is read to Python objects takes about this many times its bytes."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """The most characters that one turn may bring, and the quotas of the callers."""

    message_chars: int
    history_chars: int
    answer_chars: int
    rounds: RoundBounds = RoundBounds()
    turns: Quota
    memory: Quota
    """The bytes that running turns hold of their requests."""


class TurnStores(NamedTuple):
    """The stores that record the turns: conversations, limits, the history of usage, and files."""

    transcripts: Transcripts
    limits: Limits
    usage: UsageHistory
    files: TurnFiles | None = None

    def open(self, caller: str, request: ChatRequest, memory: Holding) -> TurnRecord:
        """Return the record of one turn, which holds its context in `memory`."""
        request_id = log_context().request
        transcript = None
        if request.conversation is not None:
            transcript = self.transcripts.open(caller, request.conversation, memory.add, request_id)
        return TurnRecord(caller, self.limits.open(caller), transcript, self.usage, self.files, request_id)


class TurnRegistry:
    """Accepts turns, and knows which of them run; one for the process."""

    def __init__(
        self,
        catalog: ModelCatalog,
        bounds: Bounds,
        deadlines: Deadlines,
        stores: TurnStores,
        telemetry: Telemetry,
        continuations: Continuations | None = None,
    ) -> None:
        """Start closed: `open` it when there is an upstream to ask."""
        self.catalog = catalog
        self._stores = stores
        self._telemetry = telemetry
        self._continuations = continuations
        self.empty = asyncio.Event()
        """Set while no turn runs."""
        self.empty.set()
        self.finished = 0
        """The number of turns that came to an end of their own and were sent whole."""
        self._upstream: Upstream | None = None
        self._closed = False
        self.bounds = bounds
        self._deadlines = deadlines
        self._running: dict[Turn, Holding] = {}
        self.running_time = RunningTime()
        """The clock of the turns' deadlines; its context is entered where the process serves."""

    @property
    def is_open(self) -> bool:
        """True while new turns are accepted."""
        return self._upstream is not None

    def open(self, upstream: Upstream) -> None:
        """Take turns, and ask this upstream; unless it was closed meanwhile, which is for good."""
        if not self._closed:
            self._upstream = upstream

    def close(self) -> int:
        """Take no more turns; return how many run on."""
        self._closed = True
        self._upstream = None
        return len(self._running)

    def cut(self) -> int:
        """End every running turn with `draining`; return how many those are."""
        return sum(
            [
                turn.cancel(Reason.DRAIN, cut_by_drain() if turn.has_asked else Failure("draining"))
                for turn in self._running
            ]
        )

    def accept(
        self,
        request: ChatRequest,
        history: list[HistoryMessage],
        caller: Caller,
        context: RequestContext,
        *,
        is_self_contained: bool = False,
    ) -> Turn:
        """Return a turn for a request of this caller's; raise `Failure` when it is refused.

        It counts from now on, until its context is left: `async with turn_registry.accept(...) as turn`. `history` is
        used when the request brings none; `context` is how the request came. `is_self_contained` is True where the
        client's wire has no place for the state of a turn that ends in calls, or for a stored file that the model made.
        """
        self._check_context(request)
        self._check_size(request)
        if request.conversation is None and request.state is None:
            models = self.catalog.models_of(request)
        else:  # what goes together depends on the conversation's settings, or on the model that called
            check_allowed(request, self.catalog.tools)
            models = self.catalog.models_for(request.model)
        if self._upstream is None:
            raise Failure("draining")
        messages = history if request.history is None else request.history
        memory = self._take_share(caller.name, _memory_of(request, messages))
        turn_request = TurnRequest(
            turn=request.id or secrets.token_hex(8),
            caller=caller.name,
            request=request,
            history=messages,
            models=models,
            max_answer_chars=self.bounds.answer_chars,
            waits_for_results=context.transport == "socket",
            bounds=self.bounds.rounds,
            hold=memory.add,
            is_self_contained=is_self_contained,
            keep_state=None if self._continuations is None or is_self_contained else self._continuations.keep,
        )
        if request.state is not None:
            turn_request = self._resume(turn_request, memory)
        record = self._stores.open(caller.name, request, memory)
        observer = self._telemetry.observe(turn_request.turn, caller.name, turn_request.models[0], request, context)
        clock = TurnClock(self._deadlines, self.running_time)
        turn = Turn(turn_request, Attempts(self._upstream, clock, observer), record, observer, self._remove)
        self._running[turn] = memory
        self.empty.clear()
        return turn

    def _resume(self, turn_request: TurnRequest, memory: Holding) -> TurnRequest:
        """Return the request with what its `state` holds. Raise `Failure`."""
        try:
            if self._continuations is None:
                raise Failure("invalid_frame", "This server keeps no states.", field="state")
            resumed = self._continuations.resume(turn_request)
            memory.add(
                _COPIES * (memory_of(resumed.history) + sum([len(content.parts) for content in resumed.exchange]))
            )
        except Failure:
            memory.set_amount(0)
            self.bounds.turns.release(turn_request.caller)
            raise
        return resumed

    def find(self, caller: str, turn_id: str) -> Turn | None:
        """Return a running turn of this caller with this id; of several, one that waits for results."""
        found = [turn for turn in self._running if turn.id == turn_id and turn.record.caller == caller]
        return max(found, key=lambda turn: turn.rounds.is_waiting, default=None)

    def _take_share(self, caller: str, size: int) -> Holding:
        """Count a turn, and the bytes that it holds; raise `Failure` when its caller's quota is used up."""
        memory = Holding(self.bounds.memory, caller)
        self.bounds.turns.take(caller)
        try:
            memory.add(size)
        except Failure:
            self.bounds.turns.release(caller)
            raise
        return memory

    def _remove(self, turn: Turn) -> None:
        memory = self._running.pop(turn)
        memory.set_amount(0)
        self.bounds.turns.release(memory.caller)
        self.finished += turn.is_finished
        if not self._running:
            self.empty.set()

    def _check_context(self, request: ChatRequest) -> None:
        if request.tool_results is not None or request.state is not None:
            check_continuation(request)
        if request.tools or (request.tool_choice and request.state is None):
            check_functions(request)
        if request.conversation is None and request.parent is not None:
            raise Failure("invalid_frame", "parent is a message of a conversation: name that too.", field="parent")
        if request.conversation is not None and request.history is not None:
            raise Failure("invalid_frame", "A conversation brings its own history: send one of them.", field="history")

    def _check_size(self, request: ChatRequest) -> None:
        bounds = self.bounds
        if len(request.message) > bounds.message_chars:
            raise too_large("message", bounds.message_chars)
        if request.history and sum([len(message.text) for message in request.history]) > bounds.history_chars:
            raise too_large("history", bounds.history_chars)
        if request.system and len(request.system) > bounds.message_chars:
            raise too_large("system", bounds.message_chars)


def _memory_of(request: ChatRequest, messages: list[HistoryMessage]) -> int:
    """Return the bytes of memory that a request takes with these earlier messages, estimated."""
    size = _COPIES * (getsizeof(request.message) + memory_of(messages))
    if request.files:
        size += _COPIES * READ_BYTES
    if request.tools or request.response_schema or request.tool_results:
        size += _COPIES * _memory_of_tools(request)
    if type(request) is FiledRequest:
        size += _COPIES * READ_BYTES + sum([file.size for file in attachments_of(request)])
        size += sum([file.size for message in messages for file in files_of(message)])
    return size


def _memory_of_tools(request: ChatRequest) -> int:
    """Return the bytes of memory that a request's tools and its schema take, estimated."""
    return _PARSED_SIZE * len(encode([request.tools, request.response_schema, request.tool_results, request.state]))
