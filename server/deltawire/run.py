"""Serve until told to stop: in this process, or in several."""

import asyncio
import gc
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection

import structlog

from deltawire.app import assemble, listening
from deltawire.config.settings import PREFIX, Settings, SettingsError
from deltawire.conversations import migrate
from deltawire.conversations.database import REVISIONS, why_unusable
from deltawire.process.drain import Drained
from deltawire.process.gc_freezing import GcFreezing
from deltawire.process.server import Server, ServerConfig, url_of
from deltawire.process.signals import stopping
from deltawire.process.workers import READY, Listeners, Workers, stop_when_orphaned
from deltawire.protocol.errors import Failure
from deltawire.telemetry import logs
from deltawire.telemetry.metrics import remove_when_orphaned, shared_by_workers

log = structlog.get_logger(__name__)


def configure_logs(settings: Settings) -> None:
    """Log as the settings say."""
    console = settings.log_format == "console" or (settings.log_format is None and sys.stdout.isatty())
    logs.configure(settings.log_level, json=not console)


def prepare_database(settings: Settings) -> None:
    """Make sure that the conversations have their tables; raise `SettingsError` or `SchemaError`.

    A database that does not answer is waited for by those who ask for it, not by the start.
    """
    _check_place(settings)
    try:
        asyncio.run(migrate.prepare(settings.database))
    except Failure as failure:
        log.warning("the database does not answer; conversations wait for it", cause=failure.cause)


def migrate_database(settings: Settings) -> int:
    """Bring the tables up to date; return the exit code. Raise as `prepare_database` does."""
    _check_place(settings)
    try:
        asyncio.run(migrate.migrate(settings.database))
    except Failure as failure:
        log.error("the database does not answer", cause=failure.cause)  # noqa: TRY400 - no stack traces
        return 1
    log.info("migrated", revision=REVISIONS[-1])
    return 0


def _check_place(settings: Settings) -> None:
    """Make the folder of our files; raise `SettingsError` when they cannot be there."""
    if settings.database_url is None:
        try:
            settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            reason = (error.strerror or "").lower()
            raise SettingsError([f"{PREFIX}DATA_DIR: cannot make {settings.folder}: {reason}"]) from None
    if (unusable := why_unusable(settings.database)) is not None:
        name, place = ("DATABASE_URL", "that file") if settings.database_url else ("DATA_DIR", settings.folder)
        raise SettingsError([f"{PREFIX}{name}: cannot keep conversations in {place}: {unusable}"])


def serve_here(settings: Settings, listeners: Listeners) -> int:
    """Serve in this process; return its exit code."""
    drained = _serve(settings, listeners, lambda _: log.info("listening", url=url_of(listeners[0])))
    _log_drained(drained)
    return 0


def serve_by_workers(settings: Settings, listeners: list[Listeners]) -> int:
    """Serve in as many processes as there are `listeners`; return the exit code of this one."""
    url = url_of(listeners[0][0])
    with shared_by_workers() as forget:
        work = partial(_work, settings)
        workers = Workers(work, listeners, settings.drain_timeout, settings.store_timeout, forget)
        exit_code = asyncio.run(workers.run(lambda: log.info("listening", url=url, workers=len(listeners))))
    _log_drained(workers.drained)
    return exit_code


def _work(settings: Settings, listeners: Listeners, report: Connection) -> None:
    """The life of one worker process."""

    def ready(server: Server) -> None:
        stop_when_orphaned(server.stop)
        _tell(report, READY)

    configure_logs(settings)
    _tell(report, _serve(settings, listeners, ready))
    remove_when_orphaned()


def _tell(report: Connection, said: object) -> None:
    with suppress(BrokenPipeError):  # the parent is gone
        report.send(said)


def _serve(settings: Settings, listeners: Listeners, on_ready: Callable[[Server], None]) -> Drained:
    """Serve until told to stop; return what became of the turns that ran then."""
    app, drain = assemble(settings)
    config = ServerConfig(app, listening(settings))

    def ready() -> None:
        # What is here now stays: the collector need not look through it again, for 10 ms, under load.
        gc.collect()
        gc.freeze()
        gc.callbacks.append(GcFreezing())
        on_ready(server)

    server = Server(config, drain, ready)

    async def serve() -> None:
        with stopping(server.stop):
            await server.serve(listeners)

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve())
    return drain.result


def _log_drained(drained: Drained) -> None:
    log.info("drained", finished=drained.finished, cut=drained.cut, left=drained.left)
