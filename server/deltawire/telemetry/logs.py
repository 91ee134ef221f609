"""Logs: one line an event, JSON or for a terminal, never what people said and never a secret.

Libraries put what they handle into their messages: a query string, a provider's text, the repr of an
exception. So a line from elsewhere keeps only its first line, unfilled, and an exception only its name
and the place in the code.
"""

import logging
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_QUIET: Final = ("uvicorn.access", "uvicorn.asgi", "asyncio", "aiohttp", "google_genai", "httpx")

_OUR_FOLDER: Final = str(Path(__file__).parents[1])


def configure(level: str, *, json: bool) -> None:
    """Send every log line of the process to standard output."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: Processor = (
        structlog.processors.JSONRenderer(serializer=_to_json)
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), pad_event_to=0, sort_keys=False)
    )
    # Our own lines do not go through `logging`: a log record costs twice as much as the line.
    structlog.configure(
        processors=[_without_nothings, *shared, render],
        logger_factory=_Output,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
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
    uvicorn.addFilter(_is_no_clients_fault)


def _is_no_clients_fault(record: logging.LogRecord) -> bool:
    return record.exc_info is None or not isinstance(record.exc_info[1], UnicodeDecodeError)


class _Output:
    """Standard output. A line that it does not take is lost: no turn fails because of its log."""

    def __init__(self, *_: str) -> None:
        """Take the name of the logger; it is not used."""

    def info(self, line: str) -> None:
        """Write a line."""
        with suppress(OSError, ValueError):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()

    debug = warning = error = info


def where(error: BaseException) -> str:
    """Return the place that raised an error as `file.py:line`: the last one of our own code, if there is one."""
    places = traceback.extract_tb(error.__traceback__)
    ours = [place for place in places if place.filename.startswith(_OUR_FOLDER)]
    for place in (ours or places)[-1:]:
        return f"{Path(place.filename).name}:{place.lineno}"
    return "?"


def _to_json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def _without_nothings(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
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
