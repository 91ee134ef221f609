"""Several servers, one process each, and the parent that starts them and leaves after the last.

Each worker has a listening socket of its own on the one port, and the kernel spreads the connections over
them. The parent holds these sockets too, so that connections wait for the worker that replaces a dead one
instead of being refused.
"""

import asyncio
import multiprocessing
import socket
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Final

import msgspec
import structlog

from server.drain import Drained
from server.listener.serve import STOP_SIGNALS, StopClock, bind

log = structlog.get_logger(__name__)

Listeners = list[socket.socket]
Serve = Callable[[Listeners, Connection], None]
"""A worker's whole life: say `READY` through the connection, serve, say in the end what was `Drained`.

It is pickled, so it must be a function of a module, or a partial of one.
"""

READY: Final = "ready"
_spawn: Final = multiprocessing.get_context("spawn")


def bind_for(workers: int, host: str, port: int) -> list[Listeners]:
    """Listening sockets for each worker; raise OSError when somebody else has the port."""
    alone = bind(host, port)
    if workers == 1:
        return [alone]
    # Only sockets that are not shared notice that another server of ours is there.
    port = alone[0].getsockname()[1]
    for listener in alone:
        listener.close()
    return [bind(host, port, shared=True) for _ in range(workers)]


class _Worker(msgspec.Struct, eq=False):
    process: multiprocessing.process.BaseProcess
    listeners: Listeners
    report: Connection
    is_ready: bool = False


class Workers:
    """The parent."""

    def __init__(self, serve: Serve, listeners: list[Listeners]) -> None:
        """Each of `listeners` is for one worker."""
        self.drained = Drained(0, 0)
        """What the workers told in the end, added up."""
        self._serve = serve
        self._listeners = listeners
        self._workers: set[_Worker] = set()
        self._clock = StopClock()
        self._stopping = False
        self._failed = False
        self._change = asyncio.Event()

    async def run(self, on_ready: Callable[[], None]) -> int:
        """Serve until told to stop; return the exit code. `on_ready` is called when all accept connections."""
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self.stop)
        for listeners in self._listeners:
            self._start(listeners)
        while not all(worker.is_ready for worker in self._workers):
            await self._changed()
        if not self._stopping:
            on_ready()
        while self._workers:
            await self._changed()
        return int(self._failed)

    def stop(self) -> None:
        """Tell every worker to drain, and to stop at once when this is called again, a second later or more."""
        is_second = self._clock.is_second(asyncio.get_running_loop().time())
        if self._stopping and not is_second:
            return
        self._stopping = True
        for worker in self._workers:
            worker.process.terminate()
        # What is held open here would let clients connect to nobody.
        for listeners in self._listeners:
            for listener in listeners:
                listener.close()

    async def _changed(self) -> None:
        self._change.clear()
        await self._change.wait()

    def _start(self, listeners: Listeners) -> None:
        report, theirs = _spawn.Pipe(duplex=False)
        process = _spawn.Process(target=self._serve, args=(listeners, theirs))
        process.start()
        theirs.close()
        worker = _Worker(process, listeners, report)
        self._workers.add(worker)
        asyncio.get_running_loop().add_reader(report.fileno(), self._hear, worker)

    def _hear(self, worker: _Worker) -> None:
        """Take what a worker says; its end is the end of its pipe."""
        try:
            said = worker.report.recv()
        except EOFError:
            self._bury(worker)
        else:
            if isinstance(said, Drained):
                self.drained += said
            else:
                worker.is_ready = True
        self._change.set()

    def _bury(self, worker: _Worker) -> None:
        asyncio.get_running_loop().remove_reader(worker.report.fileno())
        worker.report.close()
        worker.process.join()
        self._workers.remove(worker)
        if self._stopping:
            return
        log.error("worker died", worker=worker.process.pid, exit_code=worker.process.exitcode)
        if worker.is_ready:
            self._start(worker.listeners)
        else:  # the next one would die too
            self._failed = True
            self.stop()


def stop_when_orphaned(stop: Callable[[], None]) -> None:
    """Call `stop` in the running loop when the parent is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        loop = asyncio.get_running_loop()

        def orphaned() -> None:
            loop.remove_reader(parent.sentinel)
            stop()

        loop.add_reader(parent.sentinel, orphaned)
