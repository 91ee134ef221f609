"""The first function of a worker process. Its module is imported first: what comes after it imports the server."""

from collections.abc import Callable
from typing import ParamSpec

from deltawire.process.hidden_library import import_structlog

P = ParamSpec("P")

import_structlog()


def start(serve: Callable[P, None], *arguments: P.args, **named: P.kwargs) -> None:
    """Call the main function of the worker."""
    serve(*arguments, **named)
