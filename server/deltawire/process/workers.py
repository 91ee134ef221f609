"""Worker processes with one server each, and the parent that starts them and exits after the last.

Each worker has a listening socket of its own on the same port, and the kernel distributes the connections over them.
The parent keeps these sockets open too: connections then wait for the worker that replaces a dead one instead of being
refused.
"""

import asyncio
import multiprocessing
import signal
import socket
from collections.abc import Callable
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Final

import msgspec
import structlog

from deltawire.process.drain import Drained
from deltawire.process.server import bind
from deltawire.process.signals import StopClock, exit_code_of, interrupts_blocked, stopping
from deltawire.process.worker_start import start

log = structlog.get_logger(__name__)

Listeners = list[socket.socket]
Serve = Callable[[Listeners, Connection], None]
"""The main function of a worker: send `READY` through the connection, serve, and send the `Drained` at the end.

It is pickled, so it must be a function of a module, or a partial of one.
"""

READY: Final = "ready"
_RESTART_SECONDS: Final = 1.0
"""Delay before a dead worker is replaced: one that always dies must not keep the machine busy."""
_STUCK_SECONDS: Final = 5.0
"""Time after the drain timeout and the store timeout until a worker counts as stuck and is killed."""
_STOP_EXIT_CODES: Final = (-signal.SIGTERM, 128 + signal.SIGTERM)
"""Exit codes of a worker that was stopped before it had handlers, or before it had started."""
_spawn: Final = multiprocessing.get_context("spawn")


def bind_for(workers: int, host: str, port: int) -> list[Listeners]:
    """Return listening sockets for each worker; raise OSError when another process has the port."""
    first = bind(host, port)  # not shared, so that it fails beside another server of this kind
    if workers > 1:
        for listener in first:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    port = first[0].getsockname()[1]
    return [first, *(bind(host, port, shared=True) for _ in range(workers - 1))]


class _Worker(msgspec.Struct, eq=False):
    process: multiprocessing.process.BaseProcess
    listeners: Listeners
    report: Connection
    is_ready: bool = False
    has_drained: bool = False


class Workers:
    """The workers, as their parent process runs them."""

    def __init__(
        self,
        serve: Serve,
        listeners: list[Listeners],
        drain_timeout: float,
        store_timeout: float,
        on_end: Callable[[int], None],
    ) -> None:
        """Each item of `listeners` is for one worker.

        A worker has `drain_timeout` seconds to stop, and then `store_timeout` seconds to write what is left. `on_end`
        is called with the process id of each worker that has ended.
        """
        self.drained = Drained()
        """The sum of what the workers have sent at their end."""
        self._serve = serve
        self._listeners = listeners
        self._drain_timeout = drain_timeout
        self._stuck_after = store_timeout + _STUCK_SECONDS
        self._on_end = on_end
        self._workers: set[_Worker] = set()
        self._clock = StopClock()
        self.is_up = False
        """True once all workers have accepted connections."""
        self._stopping = False
        self._failed = False
        self._change = asyncio.Event()

    async def run(self, on_ready: Callable[[], None]) -> int:
        """Serve until a stop signal comes; return the exit code. `on_ready` is called when all accept connections."""
        with stopping(self.stop) as signals:
            for listeners in self._listeners:
                self._start(listeners)
            while not self._stopping and not all(worker.is_ready for worker in self._workers):
                await self._wait_for_change()
            if not self._stopping:
                self.is_up = True
                on_ready()
            while self._workers or not self._stopping:
                await self._wait_for_change()
        if self._failed:
            return 1
        return 0 if self.is_up else exit_code_of(signals)

    def stop(self) -> None:
        """Tell every worker to drain; a second call, a second later or more, tells them to stop at once."""
        loop = asyncio.get_running_loop()
        is_second = self._clock.is_second(loop.time())
        if self._stopping and not is_second:
            return
        self._stopping = True
        for worker in self._workers:
            worker.process.terminate()
        loop.call_later(self._stuck_after + (0 if is_second else self._drain_timeout), self._kill)
        # A socket that stays open here would accept connections that no worker serves.
        for listeners in self._listeners:
            for listener in listeners:
                listener.close()
        self._change.set()

    async def _wait_for_change(self) -> None:
        self._change.clear()
        await self._change.wait()

    def _kill(self) -> None:
        for worker in self._workers:
            worker.process.kill()

    def _start(self, listeners: Listeners) -> None:
        if self._stopping:
            return
        report, child_end = _spawn.Pipe(duplex=False)
        process = _spawn.Process(target=start, args=(self._serve, listeners, child_end))
        resource_tracker.ensure_running()  # where the start of a worker starts it, it unblocks SIGINT
        with interrupts_blocked():
            process.start()
        child_end.close()
        worker = _Worker(process, listeners, report)
        self._workers.add(worker)
        asyncio.get_running_loop().add_reader(report.fileno(), self._receive, worker)

    def _receive(self, worker: _Worker) -> None:
        """Process a message of a worker; the end of the pipe means that the worker has ended."""
        try:
            message = worker.report.recv()
        except (EOFError, OSError):
            self._remove(worker)
        else:
            if not isinstance(message, Drained):
                worker.is_ready = True
            elif self._stopping:  # else only this worker was stopped
                self.drained += message
                worker.has_drained = True
        self._change.set()

    def _remove(self, worker: _Worker) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(worker.report.fileno())
        worker.report.close()
        worker.process.join()
        self._workers.remove(worker)
        self._on_end(worker.process.pid or 0)
        if worker.has_drained or (self._stopping and not worker.is_ready):
            return
        if not self.is_up and worker.process.exitcode in _STOP_EXIT_CODES:  # the signal's sender stops the parent too
            self.stop()
            return
        log.error("worker died", worker=worker.process.pid, exit_code=worker.process.exitcode)
        if self._stopping:
            self._failed = True
        elif self.is_up:
            loop.call_later(_RESTART_SECONDS, self._start, worker.listeners)
        else:  # it cannot start, and the next one could not either
            self._failed = True
            self.stop()


def stop_when_orphaned(stop: Callable[[], None]) -> None:
    """Call `stop` in the running loop when the parent has ended, for any reason."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        loop = asyncio.get_running_loop()

        def orphaned() -> None:
            loop.remove_reader(parent.sentinel)
            stop()

        loop.add_reader(parent.sentinel, orphaned)
