"""Refusals: the error frame of every frame, request and handshake that is refused."""

from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ErrorFrame, error_frame
from deltawire.telemetry.metrics import Metrics


class Refusals:
    """The only place that creates the error of a refusal and counts it."""

    def __init__(self, metrics: Metrics) -> None:
        """Count in these metrics."""
        self._metrics = metrics

    def frame(self, failure: Failure, *, turn: str | None = None, ref: str | None = None) -> ErrorFrame:
        """Return the frame that refuses: `turn` is the id of a turn that never began, `ref` any other id it named."""
        self._metrics.refused.labels(failure.code).inc()
        return error_frame(failure, turn=turn, ref=ref)
