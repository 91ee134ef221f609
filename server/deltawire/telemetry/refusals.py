"""Refusals: the error frame of every frame, request and handshake that is refused."""

import time
from collections.abc import Callable
from typing import Final

import structlog

from deltawire.aio.token_bucket import TokenBucket
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ErrorFrame, error_frame
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.request_ids import log_context

log = structlog.get_logger(__name__)

_LINES_PER_SECOND: Final = 10
_LINES_AT_ONCE: Final = 100
_ADDRESSES: Final = {
    *("ws", "chat", "v1", "models", "usage", "conversations", "runs", "files"),
    *("folders", "prompts", "shares", "shared"),
    *("metrics", "livez", "readyz", "schema"),
}


class Refusals:
    """The only place that creates the error of a refusal, counts it, and logs it."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        """Count in these metrics. `clock` is the one of the bound on lines."""
        self._metrics = metrics
        self._clock = clock
        self._rate = TokenBucket(_LINES_PER_SECOND, _LINES_AT_ONCE, clock())
        self._left_out = 0

    def frame(
        self, failure: Failure, *, turn: str | None = None, other_id: str | None = None, ref: str | None = None
    ) -> ErrorFrame:
        """Return the frame that refuses: `turn` is the id of a turn that never began, `other_id` any other id.

        The client gets back the refused frame's own `ref`, or else `other_id`. A `ref` is not logged: it may be any
        text.
        """
        self._metrics.refused.labels(failure.code).inc()
        self._log(failure, turn or other_id)
        return error_frame(failure, turn=turn, ref=ref or other_id)

    def _log(self, failure: Failure, turn: str | None) -> None:
        """Write a line, within a bound: any client could fill the disk."""
        if not self._rate.allow(self._clock()):
            self._left_out += 1
            return
        left_out, self._left_out = self._left_out, 0
        context = log_context()
        log.info(
            "refused",
            code=failure.code,
            cause=failure.cause,
            client=context.client or None,
            caller=context.caller or None,
            path=_address_in(context.path),
            turn=turn,
            left_out=left_out or None,
        )


def _address_in(path: str) -> str | None:
    """Return the beginning of a path that is an address of ours; None for any other, which may hold a secret."""
    first = path.strip("/").partition("/")[0]
    return f"/{first}" if first in _ADDRESSES else None
