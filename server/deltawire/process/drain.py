"""The drain of a process: refuse new turns, give running turns time to end, then cut the rest."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec
import structlog

from deltawire.aio.timeouts import InterruptibleTimeout
from deltawire.chat.session_registry import SessionRegistry
from deltawire.chat.turn_registry import TurnRegistry

log = structlog.get_logger(__name__)

_LAST_WORDS_SECONDS: Final = 0.5
"""Time for the last frames of turns that were cut; a client that does not read, or a store that hangs, loses them."""


class Drained(msgspec.Struct, frozen=True):
    """The outcome of the turns that ran when the drain began; the three counts add up to all of them."""

    finished: int = 0
    """Turns that ended by themselves."""
    cut: int = 0
    """Turns that the drain cut."""
    left: int = 0
    """Turns that their clients left."""

    def __add__(self, other: "Drained") -> "Drained":
        """Return the sum of two processes' counts."""
        return Drained(self.finished + other.finished, self.cut + other.cut, self.left + other.left)


class Drain:
    """The drain of one process."""

    def __init__(
        self, turn_registry: TurnRegistry, sessions: SessionRegistry, refuse_sockets: Callable[[], None], timeout: float
    ) -> None:
        """`refuse_sockets` is called when the drain begins.

        `timeout` is the time, in seconds, that running turns have to end by themselves.
        """
        self.result = Drained()
        """Set once `run` has returned."""
        self._turn_registry = turn_registry
        self._sessions = sessions
        self._refuse_sockets = refuse_sockets
        self._timeout = timeout
        self._wait: InterruptibleTimeout | None = None
        self._began = False
        self._running = 0
        self._finished_before = 0

    def begin(self) -> None:
        """Refuse new turns and sockets, and close the sockets on which no turn runs."""
        if not self._began:
            self._began = True
            self._running = self._turn_registry.close()
            self._finished_before = self._turn_registry.finished
            log.info("draining", running=self._running)
            self._refuse_sockets()
            self._sessions.drain()

    def stop_waiting(self) -> None:
        """Stop waiting for running turns."""
        self._timeout = 0.0
        if self._wait is not None:
            self._wait.interrupt()

    async def run(self) -> None:
        """Wait until no turn runs: each has ended by itself, or was cut with `draining`."""
        self.begin()
        self._wait = InterruptibleTimeout()
        self._wait.enter_task()
        await self._turns_end_within(self._timeout)
        cut = self._turn_registry.cut()
        await self._turns_end_within(_LAST_WORDS_SECONDS)
        finished = self._turn_registry.finished - self._finished_before
        self.result = Drained(finished, cut, self._running - finished - cut)

    async def _turns_end_within(self, seconds: float) -> None:
        if self._wait is None:
            raise AssertionError("a drain waits while it runs")
        with suppress(TimeoutError), self._wait.until(asyncio.get_running_loop().time() + seconds):
            await self._turn_registry.empty.wait()
