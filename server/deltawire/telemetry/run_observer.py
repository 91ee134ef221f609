"""Observe the runs: count and log what happens to each, without its texts and its name."""

import structlog

from deltawire.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)


class RunObserver:
    """Observes the runs of this process."""

    def __init__(self, metrics: Metrics) -> None:
        """Count in these metrics."""
        self._metrics = metrics

    def note(self, turn: str, happening: str) -> None:
        """Count and log an event of the run of a turn."""
        self._metrics.runs.labels(happening).inc()
        log.info("run", turn=turn, happening=happening)
