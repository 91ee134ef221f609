"""One process among several: it asks others for their runs, and serves its own to them."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import Context
from functools import partial
from typing import Any, Final

import msgspec
import structlog

from deltawire.aio.background import BackgroundTasks
from deltawire.chat.runs import names
from deltawire.chat.runs.elsewhere.entries import RunEntries
from deltawire.chat.runs.elsewhere.messages import (
    AskReport,
    GiveResult,
    Leave,
    Listen,
    Message,
    Report,
    ResultGiven,
    read_message,
    unreachable,
    write_message,
    write_refusal,
)
from deltawire.chat.runs.elsewhere.owner import StreamListener, deliver_result, report_of
from deltawire.chat.runs.elsewhere.remote import HubCalls, RemoteRun
from deltawire.chat.runs.elsewhere.store import LEASE_SECONDS, RunStore, has_died
from deltawire.chat.runs.run import Run
from deltawire.chat.runs.states import Departure
from deltawire.limits.backend import StoreAway, key_of
from deltawire.protocol.errors import Failure
from deltawire.protocol.tools import ToolAnswer

log = structlog.get_logger(__name__)

_RENEWALS_PER_LEASE: Final = 5
_REPLY_SECONDS: Final = 5.0
"""The longest wait for a process that lives, but is too busy to answer."""
_POLL_SECONDS: Final = 0.1
_CLOSE_SECONDS: Final = 1.0
_WAKE: Final = b"."
"""A message of a process to itself, which ends its wait for others."""


class Hub:
    """The runs of all processes, as one of them reaches them."""

    def __init__(self, store: RunStore, process: str, runs: Mapping[str, Run], slow_after: float) -> None:
        """`runs` are those of this process, by their names; `slow_after` is as for `StreamListener`, in seconds.

        Nothing is asked or written before the first run.
        """
        self._store = store
        self._process = process
        self._find = runs.get
        self._entries = RunEntries(store, runs)
        self._slow_after = slow_after
        self._replies: dict[str, asyncio.Future[Report | ResultGiven]] = {}
        self._making: dict[str, asyncio.Future[None]] = {}
        """Runs that are registered, perhaps, and do not exist yet."""
        self._served: dict[str, StreamListener] = {}
        """Listeners of other processes, by their streams."""
        self._background = BackgroundTasks()
        self._loops: list[asyncio.Task[None]] = []
        self._has_lease = asyncio.Event()
        self._is_closed = False

    async def began(self, run: Run) -> None:
        """List a run, so that other processes find it."""
        await self._begin()
        await self._entries.add(run)

    def forgot(self, run: Run) -> None:
        """Remove the entries by which other processes find a run."""
        self.spawn(self._entries.remove(run))

    async def claim(self, chat: str, run: str) -> str:
        """Register a new run of a chat; return the run that the chat has already, else this one. Raise `Failure`."""
        await self._begin()
        return await self._entries.claim(chat, run)

    async def claim_again(self, chat: str, lost: str, run: str) -> str:
        """Register a new run of a chat instead of one that is gone, as `claim` does."""
        with suppress(StoreAway):
            await self._store.release(chat, lost)
        return await self.claim(chat, run)

    @contextmanager
    def making(self, run: str) -> Iterator[None]:
        """Let those who ask for a new run wait while the block makes it: the others read its registration first."""
        self._making[run] = made = asyncio.get_running_loop().create_future()
        try:
            yield
        finally:
            del self._making[run]
            made.set_result(None)

    async def find_when_made(self, run: str) -> Run | None:
        """Return a run of this process; wait for one that is being made."""
        if run in self._making:
            await asyncio.wait({self._making[run]})
        return self._find(run)

    def release(self, chat: str, run: str) -> None:
        """Remove the registration of a chat that was refused, or whose run is forgotten."""
        self.spawn(self._store.release(chat, run))

    async def find(self, name: str) -> RemoteRun:
        """Return a run of another process.

        Raise `Failure`: `gone` when it is not there, or its process is dead; `store_unavailable`.
        """
        report = await self._ask(name, lambda ask: AskReport(name, self._process, ask))
        if not isinstance(report, Report) or report.turn is None:
            raise Failure("gone", field="run")
        calls = HubCalls(self.find, self.give_result, self.spawn)
        return RemoteRun(name, report, self._process, self._store, calls)

    async def give_result(self, run: str, tool_result: ToolAnswer) -> None:
        """Give a run of another process the result of a call. Raise `Failure`, as that process says it."""
        reply = await self._ask(run, lambda ask: GiveResult(run, self._process, ask, tool_result))
        if isinstance(reply, ResultGiven) and reply.code is not None:
            raise Failure(reply.code, reply.message, field=reply.field)

    async def _ask(self, run: str, make_message: Callable[[str], Message]) -> Report | ResultGiven:
        """Send the process of a run the message for a new number; return the reply. Raise `Failure` as `find` does."""
        await self._begin()
        owner = names.process_of(run)
        ask = secrets.token_hex(8)
        self._replies[ask] = reply = asyncio.get_running_loop().create_future()
        try:
            await self._store.send(owner, write_message(make_message(ask)))
            async with asyncio.timeout(_REPLY_SECONDS):
                while not reply.done():
                    if await has_died(self._store, owner):
                        raise Failure("gone", field="run")
                    await asyncio.wait({reply}, timeout=_POLL_SECONDS)
            await reply
        except (StoreAway, TimeoutError):
            raise unreachable() from None
        finally:
            del self._replies[ask]
        received: Report | ResultGiven = reply.result()
        return received

    async def live(self, caller: str, conversation: str | None) -> list[RemoteRun]:
        """Return a caller's runs in other processes that are there; with a conversation, only those of it."""
        with suppress(StoreAway):
            listed = await self._store.runs_of(key_of(caller))
            others = [
                name
                for name, listed_conversation in listed.items()
                if names.process_of(name) != self._process and conversation in (None, listed_conversation)
            ]
            if others:
                await self._begin()
            found = await asyncio.gather(*(self.find(name) for name in others), return_exceptions=True)
            gone = [name for name, run in zip(others, found, strict=True) if _is_gone(run)]
            if gone:
                await self._store.delist(key_of(caller), gone)
            return [run for run in found if isinstance(run, RemoteRun)]
        return []

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background, unless this process is leaving; errors of the store are dropped."""
        if self._is_closed:
            work.close()
        else:
            self._background.run(work)

    async def close(self) -> None:
        """Finish what is under way, and end the lease."""
        self._is_closed = True
        for listener in list(self._served.values()):
            if not listener.is_at_end:  # a run that goes on is lost with this process
                listener.leave(Departure.LOST)
        await self._background.wait(_CLOSE_SECONDS)
        if self._loops:
            with suppress(StoreAway):
                await self._store.send(self._process, _WAKE)
            self._loops[0].cancel()
            await asyncio.wait(self._loops, timeout=_CLOSE_SECONDS)
        await self._store.close(self._process if self._loops else None)

    async def _begin(self) -> None:
        if not self._loops:
            # They outlive the request that starts them, so they keep nothing of it.
            start = partial(asyncio.get_running_loop().create_task, context=Context())
            self._loops = [start(self._keep_lease()), start(self._keep_receiving())]
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._has_lease.wait()

    async def _keep_lease(self) -> None:
        """Renew the lease, and do not wait for a renewal that hangs: the next one has another connection."""
        renewals = 0
        while True:
            self._background.run(self._renew())
            renewals += 1
            if renewals % _RENEWALS_PER_LEASE == 0:
                self.spawn(self._drop_dead())
            await asyncio.sleep(LEASE_SECONDS / _RENEWALS_PER_LEASE)

    async def _renew(self) -> None:
        had_lease = await self._store.renew(self._process)
        self._has_lease.set()
        await self._entries.restore(had_lease=had_lease)

    async def _drop_dead(self) -> None:
        """Detach the listeners of processes that have died."""
        for process in {listener.process for listener in self._served.values()}:
            if await has_died(self._store, process):
                for listener in [one for one in self._served.values() if one.process == process]:
                    listener.leave(Departure.LOST)

    async def _keep_receiving(self) -> None:
        while not self._is_closed:
            try:
                for message in await self._store.receive(self._process):
                    if message != _WAKE:
                        self._read(message)
            except StoreAway:
                await asyncio.sleep(LEASE_SECONDS)

    def _read(self, message: bytes) -> None:
        try:
            self._handle(read_message(message))
        except msgspec.MsgspecError as fault:  # of another version: its sender gets no reply, as from a dead process
            log.warning("runs: a message of another process could not be read", error=type(fault).__name__)

    def _handle(self, message: Message) -> None:
        if isinstance(message, Report | ResultGiven):
            reply = self._replies.get(message.ask)
            if reply is not None and not reply.done():
                reply.set_result(message)
        elif isinstance(message, Leave):
            listener = self._served.get(message.stream)
            if listener is not None:
                listener.leave(message.departure)
            else:  # all is written, perhaps after its reader has removed the stream
                self.spawn(self._store.remove(message.stream))
        elif isinstance(message, GiveResult):
            self.spawn(self._give_result(message))
        elif isinstance(message, AskReport):
            self.spawn(self._report(message))
        elif isinstance(message, Listen):
            self._serve(message)
        elif (run := self._find(message.run)) is not None:
            run.stop()

    async def _report(self, message: AskReport) -> None:
        report = report_of(message.ask, await self.find_when_made(message.run))
        await self._store.send(message.process, write_message(report))

    async def _give_result(self, message: GiveResult) -> None:
        reply = deliver_result(self._find(message.run), message)
        await self._store.send(message.process, write_message(reply))

    def _serve(self, listen: Listen) -> None:
        """Attach a listener at once: the next message may be that it leaves."""
        try:
            if (run := self._find(listen.run)) is None:
                raise Failure("gone", field="run")
            listener = StreamListener(run, listen, self._store, self._slow_after)
        except Failure as failure:
            self.spawn(self._refuse(listen.stream, failure))
            return
        self._served[listen.stream] = listener
        self.spawn(self._write(listen.stream, listener))

    async def _write(self, stream: str, listener: StreamListener) -> None:
        try:
            await listener.write()
        finally:
            del self._served[stream]

    async def _refuse(self, stream: str, failure: Failure) -> None:
        await self._store.append(stream, [write_refusal(failure)])


def _is_gone(found: object) -> bool:
    return isinstance(found, Failure) and found.code == "gone"
