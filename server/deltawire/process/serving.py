"""Serve until a stop signal comes: in this process, or in several."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import NamedTuple, NoReturn

import structlog

from deltawire.process.allocator import return_freed_memory
from deltawire.process.drain import Drained
from deltawire.process.gc_freezing import THRESHOLDS, GcFreezing
from deltawire.process.leaving import close_tasks, leave
from deltawire.process.server import Server, ServerConfig, Service, url_of
from deltawire.process.signals import exit_code_of, stopping
from deltawire.process.workers import READY, Listeners, Workers, stop_when_orphaned
from deltawire.telemetry.metrics import remove_when_orphaned, shared_by_workers

log = structlog.get_logger(__name__)

Build = Callable[[], Service]
"""Builds the service of a process. For workers it is pickled: a function of a module, or a partial of one."""


def serve_here(build: Build, listeners: Listeners) -> NoReturn:
    """Serve in this process, to its end."""
    served = _serve(build, listeners, lambda _: log.info("listening", url=url_of(listeners[0])), lambda: None)
    if served.exit_code == 0:
        _log_drained(served.drained)
    leave(served.exit_code)


def serve_in_workers(build: Build, listeners: list[Listeners], drain_timeout: float, store_timeout: float) -> int:
    """Serve in as many processes as there are `listeners`; return the exit code of this one."""
    gc.enable()
    url = url_of(listeners[0][0])
    with shared_by_workers() as forget:
        workers = Workers(partial(_work, build), listeners, drain_timeout, store_timeout, forget)
        exit_code = asyncio.run(workers.run(lambda: log.info("listening", url=url, workers=len(listeners))))
    if workers.is_up:
        _log_drained(workers.drained)
    return exit_code


def _work(build: Build, listeners: Listeners, report: Connection) -> None:
    """Run one worker process from its start to its exit."""
    served = _serve(build, listeners, lambda server: stop_when_orphaned(server.stop), partial(_send, report, READY))
    _send(report, served.drained)
    remove_when_orphaned()
    leave(served.exit_code)


def _send(report: Connection, message: object) -> None:
    with suppress(BrokenPipeError):  # the parent is gone
        report.send(message)


class _Served(NamedTuple):
    """The outcome of one server."""

    drained: Drained
    exit_code: int
    runner: asyncio.Runner
    """It is held, because its loop is not closed."""


def _serve(
    build: Build, listeners: Listeners, on_listening: Callable[[Server], None], on_loaded: Callable[[], None]
) -> _Served:
    """Serve until a stop signal comes. The garbage collector is off until all is loaded."""
    gc.disable()
    return_freed_memory()
    service = build()
    config = ServerConfig(service.app, service.listening)

    def loaded() -> None:
        # Freeze what exists now: it is never freed, and each full collection would visit it, for 10 ms under load.
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)
        gc.enable()
        gc.callbacks.append(GcFreezing())
        on_loaded()

    server = Server(config, service, lambda: on_listening(server), loaded)

    async def serve() -> list[int]:
        with stopping(server.stop) as signals:
            await server.serve(listeners)
        return signals

    runner = asyncio.Runner(loop_factory=config.get_loop_factory())
    signals = runner.run(serve())
    close_tasks(runner)
    exit_code = exit_code_of(signals) if signals else 1
    if server.is_listening and not server.has_failed:
        exit_code = 0
    return _Served(service.drain.result, exit_code, runner)


def _log_drained(drained: Drained) -> None:
    log.info("drained", finished=drained.finished, cut=drained.cut, left=drained.left)
