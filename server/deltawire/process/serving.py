"""Serve until told to stop: in this process, or in several."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection

import structlog

from deltawire.process.drain import Drained
from deltawire.process.gc_freezing import GcFreezing
from deltawire.process.server import Server, ServerConfig, Service, url_of
from deltawire.process.signals import stopping
from deltawire.process.workers import READY, Listeners, Workers, stop_when_orphaned
from deltawire.telemetry.metrics import remove_when_orphaned, shared_by_workers

log = structlog.get_logger(__name__)

Build = Callable[[], Service]
"""Makes what a process serves. For workers it is pickled: a function of a module, or a partial of one."""


def serve_here(build: Build, listeners: Listeners) -> int:
    """Serve in this process; return its exit code."""
    drained = _serve(build, listeners, lambda _: log.info("listening", url=url_of(listeners[0])))
    _log_drained(drained)
    return 0


def serve_in_workers(build: Build, listeners: list[Listeners], drain_timeout: float, store_timeout: float) -> int:
    """Serve in as many processes as there are `listeners`; return the exit code of this one."""
    url = url_of(listeners[0][0])
    with shared_by_workers() as forget:
        workers = Workers(partial(_work, build), listeners, drain_timeout, store_timeout, forget)
        exit_code = asyncio.run(workers.run(lambda: log.info("listening", url=url, workers=len(listeners))))
    _log_drained(workers.drained)
    return exit_code


def _work(build: Build, listeners: Listeners, report: Connection) -> None:
    """The life of one worker process."""

    def ready(server: Server) -> None:
        stop_when_orphaned(server.stop)
        _tell(report, READY)

    _tell(report, _serve(build, listeners, ready))
    remove_when_orphaned()


def _tell(report: Connection, said: object) -> None:
    with suppress(BrokenPipeError):  # the parent is gone
        report.send(said)


def _serve(build: Build, listeners: Listeners, on_ready: Callable[[Server], None]) -> Drained:
    """Serve until told to stop; return what became of the turns that ran then."""
    service = build()
    config = ServerConfig(service.app, service.listening)

    def ready() -> None:
        # What is here now stays: the collector need not look through it again, for 10 ms, under load.
        gc.collect()
        gc.freeze()
        gc.callbacks.append(GcFreezing())
        on_ready(server)

    server = Server(config, service.drain, ready)

    async def serve() -> None:
        with stopping(server.stop):
            await server.serve(listeners)

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve())
    return service.drain.result


def _log_drained(drained: Drained) -> None:
    log.info("drained", finished=drained.finished, cut=drained.cut, left=drained.left)
