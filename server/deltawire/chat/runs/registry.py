"""All the runs of a process: they are found by name, bounded in memory together, and forgotten."""

import asyncio
from hashlib import sha256
from typing import Final

import msgspec

from deltawire.chat.history import takes_history
from deltawire.chat.runs import names
from deltawire.chat.runs.clock import LoopClock, RunClock
from deltawire.chat.runs.elsewhere.hub import Hub
from deltawire.chat.runs.elsewhere.remote import RemoteRun
from deltawire.chat.runs.elsewhere.store import RunStore
from deltawire.chat.runs.facts import RunFacts
from deltawire.chat.runs.run import Run
from deltawire.chat.runs.run_memory import RunMemory
from deltawire.chat.runs.states import Happening, RunState
from deltawire.chat.turn_registry import TurnRegistry
from deltawire.identity.caller import Caller
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage
from deltawire.protocol.errors import Failure, run_not_here
from deltawire.telemetry.request_context import RequestContext
from deltawire.telemetry.run_observer import RunObserver

AnyRun = Run | RemoteRun
"""A run of this process or of another."""
_FOR_RUNS: Final = 0.9
"""The part of the bound for the estimated sizes of runs; the allocator needs the rest for gaps between them."""
_encode = msgspec.json.Encoder().encode


class RunBounds(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of the runs of a process."""

    grace: float
    """The most seconds that a turn may ask for; 0 allows none."""
    bytes: int
    """The most memory of all runs together."""
    slow_after: float = 15.0
    """Seconds after which a listener in another process is cut off, if it reads nothing."""


class Runs:
    """The runs of this process."""

    def __init__(
        self,
        turn_registry: TurnRegistry,
        bounds: RunBounds,
        observer: RunObserver,
        clock: RunClock | None = None,
        store: RunStore | None = None,
    ) -> None:
        """Start with none. Through `store`, processes reach each other's runs; without it each knows its own."""
        self.bounds = bounds
        self.process = names.new_process()
        """The number of this process, which begins the names of its runs."""
        self.clock: RunClock = clock or LoopClock()
        self._turn_registry = turn_registry
        self._observer = observer
        self._by_name: dict[str, Run] = {}
        self._by_key: dict[str, Run] = {}
        """The runs by caller, turn and body: the same chat again finds its run."""
        self._memory = RunMemory()
        self._max_bytes: Final = bounds.bytes * _FOR_RUNS
        self.hub = None if store is None else Hub(store, self.process, self._by_name, bounds.slow_after)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(
        self, request: ChatRequest, history: list[HistoryMessage], caller: Caller, context: RequestContext
    ) -> AnyRun:
        """Look for the run of the same chat in other processes; if there is none, do as `start_here` does."""
        key = _key_of(request, caller)
        if self.hub is None or key is None or key in self._by_key:
            return self.start_here(request, history, caller, context)
        self._check(request)
        name = names.new_name(self.process, caller.name)
        with self.hub.making(name):
            try:
                known = await self.hub.claim(key, name)
                while known != name and key not in self._by_key:
                    try:
                        return await self.find(known, caller.name)
                    except Failure as failure:
                        if failure.code != "gone":
                            raise
                    known = await self.hub.claim_again(key, known, name)
                return self.start_here(request, history, caller, context, name)
            except (Failure, asyncio.CancelledError):
                self.hub.release(key, name)  # it may have been registered, even if nobody waits for that any more
                raise

    def start_here(
        self,
        request: ChatRequest,
        history: list[HistoryMessage],
        caller: Caller,
        context: RequestContext,
        name: str | None = None,
    ) -> Run:
        """Return the run of a chat that asks for grace: a new one, or the one that the same chat has started before.

        The caller attaches a listener, or calls `wait`. Raise `Failure` when the turn is refused.
        """
        key = _key_of(request, caller)
        if key is not None and (same := self._by_key.get(key)) is not None:
            return same
        self._check(request)
        turn = self._turn_registry.accept(request, history, caller, context)
        facts = RunFacts(
            name=name or names.new_name(self.process, caller.name),
            caller=caller.name,
            key=key,
            grace=request.grace or 0.0,
            message=request.message,
            files=tuple(request.files or ()),
            conversation=request.conversation,
            is_remembered=takes_history(request),
        )
        run = Run(facts, turn, self)
        self._by_name[facts.name] = run
        if key is not None:
            self._by_key[key] = run
        self._memory.add(run, run.size)
        self.note_change(run)
        task = run.start()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.hub is not None:
            self.hub.spawn(self.hub.began(run))
        return run

    def is_elsewhere(self, name: str) -> bool:
        """Return whether a run of this name may be in another process that can be asked."""
        return self.hub is not None and names.process_of(name) != self.process

    async def find(self, name: str, caller: str) -> AnyRun:
        """Return a run of this caller, here or elsewhere. Raise `Failure` (`not_found`, `gone`)."""
        if self.hub is not None and names.belongs_to(name, caller):
            if self.is_elsewhere(name):
                return await self.hub.find(name)
            await self.hub.find_when_made(name)
        return self.find_here(name, caller)

    def find_here(self, name: str, caller: str) -> Run:
        """Return a run of this caller in this process. Raise `Failure` (`not_found`, `gone`)."""
        if not names.belongs_to(name, caller):
            raise Failure("not_found", "There is no such run.", field="run")
        run = self._by_name.get(name)
        if run is None:
            is_ours = names.process_of(name) == self.process
            raise Failure("gone", field="run") if is_ours or self.hub is not None else run_not_here()
        return run

    async def live(self, caller: str, conversation: str | None = None) -> list[AnyRun]:
        """Return a caller's runs that have not ended, here and elsewhere; with a conversation, only those of it."""
        here: list[AnyRun] = [run for run in self._by_name.values() if run.facts.caller == caller]
        everywhere = here if self.hub is None else [*here, *await self.hub.live(caller, conversation)]
        return [
            run for run in everywhere if run.state is not RunState.ENDED and conversation in (None, run.conversation)
        ]

    async def close(self) -> None:
        """Close the connection to the other processes."""
        if self.hub is not None:
            await self.hub.close()

    def count_bytes(self, run: Run, size: int) -> None:
        """Count bytes of memory. Beyond the bound, runs without listeners are dropped, as `RunMemory` chooses.

        First those of callers who hold as much as this run's caller. If that is not enough, the run drops the frames
        that its listeners have. Only then the runs of callers who hold less are dropped.
        """
        memory = self._memory
        memory.add(run, size)
        self._drop(memory.of(run))
        if memory.size > self._max_bytes and size > 0 and not run.is_forgotten:
            run.trim()
            self._drop()

    def _drop(self, at_least: int = 0) -> None:
        """Drop runs of callers who hold at least this many bytes, until the others fit."""
        memory = self._memory
        while memory.size > self._max_bytes and (dropped := memory.to_drop(at_least)) is not None:
            dropped.evict()

    def note_change(self, run: Run) -> None:
        """Note that a run's listeners or its state have changed."""
        self._memory.classify(run)

    def note(self, run: Run, happening: Happening) -> None:
        """Count and log an event of a run."""
        self._observer.note(run.turn, happening)

    def forget(self, run: Run) -> None:
        """Forget a run: nobody finds it any more."""
        if not run.is_forgotten:
            del self._by_name[run.facts.name]
            if run.facts.key is not None:
                del self._by_key[run.facts.key]
            if self.hub is not None:
                self.hub.forgot(run)
            self._memory.add(run, -run.size)
            run.forget()
            self.note_change(run)

    def _check(self, request: ChatRequest) -> None:
        if (request.grace or 0.0) > self.bounds.grace:
            raise Failure("invalid_frame", f"grace must be at most {self.bounds.grace:g} seconds here.", field="grace")


def _key_of(request: ChatRequest, caller: Caller) -> str | None:
    """Return the key of a chat; None for one without an id, which cannot be recognised."""
    return None if request.id is None else sha256(_encode((caller.name, _body_of(request)))).hexdigest()


def _body_of(request: ChatRequest) -> list[object]:
    """Return the fields that a chat has on every transport, so without `ref`."""
    return [getattr(request, field) for field in ChatRequest.__struct_fields__]
