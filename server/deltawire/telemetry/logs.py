"""Logs: one line for each event, as JSON or for a terminal, without texts of a chat and without secrets.

Libraries put the data that they handle into their messages: a query string, a provider's text, the repr of an
exception. So a library's message keeps only the first line of its template, without arguments, and an exception only
its name and its place in the code.
"""

import logging
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from deltawire.protocol.errors import Failure
from deltawire.telemetry.log_writer import LogWriter
from deltawire.telemetry.request_ids import with_request

log = structlog.get_logger(__name__)

_QUIET: Final = ("uvicorn.access", "uvicorn.asgi", "asyncio", "aiohttp", "google_genai", "httpx")

_OUR_FOLDER: Final = str(Path(__file__).parents[1])


def configure(level: str, form: Literal["json", "console"] | None) -> None:
    """Send every log line of the process to standard output. Call it once: each call makes a writer of its own.

    With None the lines have the form for a terminal where there is one, and else JSON.
    """
    is_json = form == "json" or (form is None and not sys.stdout.isatty())
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: Processor = (
        structlog.processors.JSONRenderer(serializer=_to_json)
        if is_json
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), pad_event_to=0, sort_keys=False)
    )
    writer = LogWriter(_standard_output(), partial(_line_of_lost, [*shared, render]))
    # Our own lines do not go through `logging`: a log record costs twice as much as the line.
    structlog.configure(
        processors=[_without_none_values, with_request, *shared, render],
        logger_factory=partial(_Output, writer),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = _Handler(writer)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_only_the_template, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _without_trace, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # uvicorn logs every request and frame that cannot be read: any client could fill the disk.
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.setLevel(logging.ERROR)
    uvicorn.addFilter(_is_not_a_clients_fault)


def _is_not_a_clients_fault(record: logging.LogRecord) -> bool:
    return record.exc_info is None or not isinstance(record.exc_info[1], UnicodeDecodeError)


class _Output:
    """Passes our own lines to the writer."""

    def __init__(self, writer: LogWriter, *_: str) -> None:
        """Store the writer; structlog also passes the name of the logger, which is not used."""
        self.debug = self.info = self.warning = self.error = writer.write


class _Handler(logging.Handler):
    """Passes the lines of libraries to the writer."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self._writer.write(self.format(record))


def _standard_output() -> int:
    """Return the descriptor of standard output; -1 where there is none, so that lines are lost."""
    try:
        return sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):
        return -1


def _line_of_lost(processors: list[Processor], lines: int) -> str:
    event: Any = {"event": "log: lines were lost, because the log was not read", "lines": lines}
    for process in processors:
        event = process(None, "warning", event)
    return str(event)


def where(error: BaseException) -> str:
    """Return the place that raised an error as `file.py:line`: the last one of our own code, if there is one."""
    places = traceback.extract_tb(error.__traceback__)
    ours = [place for place in places if place.filename.startswith(_OUR_FOLDER)]
    for place in (ours or places)[-1:]:
        return f"{Path(place.filename).name}:{place.lineno}"
    return "?"


def failure_of(error: Exception, **about: str) -> Failure:
    """Return an error that is a `Failure`; log any other as a bug, and return the failure that its client gets."""
    if isinstance(error, Failure):
        return error
    log.error("bug", **about, error=type(error).__name__, where=where(error))
    return Failure("internal")


def _to_json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def _without_none_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {key: value for key, value in event.items() if value is not None}


def _only_the_template(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    lines = str(record.msg).strip().splitlines()
    event["event"] = lines[0] if lines else ""
    event["logger"] = record.name
    event.pop("positional_args", None)
    if record.exc_info and record.exc_info[1] is not None:
        event["error"] = type(record.exc_info[1]).__name__
        event["where"] = where(record.exc_info[1])
    return event


def _without_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for key in ("exc_info", "exc_text", "stack_info", "stack"):
        event.pop(key, None)
    return event
