"""`deltawire serve`."""

import os
import sys
from functools import partial

import structlog

from deltawire.app import build
from deltawire.app.file_store import open_objects
from deltawire.cli.database import prepare
from deltawire.config.checks import check_data_folder, check_prices
from deltawire.config.environment import unknown_names
from deltawire.config.settings import PREFIX, Settings
from deltawire.conversations.migrate import SchemaError
from deltawire.edge.static_files import NotBuiltError, built
from deltawire.process.serving import serve_here, serve_in_workers
from deltawire.process.workers import bind_for
from deltawire.telemetry import logs

log = structlog.get_logger("deltawire")


def serve(settings: Settings) -> int:
    """Serve until told to stop; return the exit code. Raise `SettingsError`."""
    logs.configure(settings.log_level, settings.log_format)
    check_data_folder(settings)
    try:
        built()
        check_prices(settings)
        if settings.workers > 1 and settings.files_url is not None:
            open_objects(settings)  # else each worker would find out, and end with a stack trace
        prepare(settings)
    except (SchemaError, NotBuiltError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for name, nearest in unknown_names(os.environ):
        log.warning("unknown setting", name=name, nearest=nearest)
    try:
        listeners = bind_for(settings.workers, settings.host, settings.port)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0].lower()
        sys.stderr.write(f"{PREFIX}HOST, {PREFIX}PORT: cannot listen on {settings.host}:{settings.port}: {reason}\n")
        return 1
    make = partial(build, settings)
    if settings.workers == 1:
        serve_here(make, listeners[0])
    return serve_in_workers(make, listeners, settings.drain_seconds, settings.store_timeout)
