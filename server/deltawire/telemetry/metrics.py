"""The metrics. Dashboards depend on their names: docs/reference/metrics.md describes each.

With several workers, each writes its own files in a shared folder, and the worker that is scraped adds them up.
prometheus-client reads the name of the folder from an environment variable when it is imported: set it before.
"""

import multiprocessing
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import product
from tempfile import TemporaryDirectory
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from deltawire.protocol.errors import TABLE
from deltawire.protocol.tools import BuiltInTool
from deltawire.protocol.usage_figures import TOKEN_KINDS, UsageFigures
from deltawire.telemetry.process_metrics import ProcessMetrics, workers_in
from deltawire.telemetry.request_context import TRANSPORTS
from deltawire.telemetry.turn_end import GAP_BOUNDS

_FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_IN_MEMORY: Final = "/dev/shm"  # noqa: S108 - the folder in it has a random name
"""A file system in memory on Linux; it can be written to even where the disk of a container is read-only."""
_FIRST_DELTA_BOUNDS: Final = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 20.0, 30.0, 60.0)
_TURN_BOUNDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
_KINDS: Final = tuple(kind for kind in TOKEN_KINDS if kind != "total")  # the total is a sum, not a kind of its own
_OTHER: Final = "other"
FUNCTION: Final = "function"
"""The label of every function of a client: the function's own name may say something about a user."""
TOOL_LABELS: Final = (*get_args(BuiltInTool), FUNCTION)
_FINISH_REASONS: Final = frozenset(
    {
        *("stop", "max_tokens", "safety", "recitation", "language", "blocklist", "prohibited_content", "spii"),
        *("malformed_function_call", "unexpected_tool_call", "too_many_tool_calls", "image_safety"),
        *("image_prohibited_content", "image_recitation", "image_other", "no_image"),
    }
)
"""Finish reasons that are counted by name; an unknown one counts as `other`."""
_ENDS: Final = _FINISH_REASONS | {"cancelled"} | frozenset(TABLE)


class FoldedHistogram(Histogram):
    """A histogram that takes many observations at once: one call for each delta would be too expensive."""

    def fold(self, counts: Sequence[int], total: float) -> None:
        """Add observations that were counted elsewhere.

        `counts` has the number of observations in each bucket, the last one without an upper bound. `total` is the sum
        of the observed values.
        """
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)
        self._sum.inc(total)


class Metrics:
    """The metrics of this process."""

    def __init__(self, models: Collection[str]) -> None:
        """Create the metrics. `models` are counted by name; any other model counts as `other`."""
        self._models = frozenset(models)
        self._registry = CollectorRegistry()
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they would add one more series for each metric
        counter = partial(Counter, registry=self._registry)
        gauge = partial(Gauge, registry=self._registry, multiprocess_mode="livesum")
        histogram = partial(Histogram, registry=self._registry)
        self.sockets = gauge("deltawire_sockets", "Open sockets.")
        self.turns = counter(
            "deltawire_turns_total", "Turns that have ended, by their end.", labelnames=("transport", "model", "end")
        )
        self.running = gauge("deltawire_turns_running", "Turns that are running.")
        first_delta = "From a turn's acceptance to its first delta."
        self.first_delta = histogram("deltawire_first_delta_seconds", first_delta, buckets=_FIRST_DELTA_BOUNDS)
        self.delta_gap = FoldedHistogram(
            "deltawire_delta_gap_seconds",
            "Between two deltas of a turn; counted when the turn ends.",
            registry=self._registry,
            buckets=GAP_BOUNDS,
        )
        self.turn_seconds = histogram(
            "deltawire_turn_seconds", "From a turn's acceptance to its end.", buckets=_TURN_BOUNDS
        )
        self._tokens = counter("deltawire_tokens_total", "Tokens as the provider counts them.", ("model", "kind"))
        self._cost = counter("deltawire_cost_usd_total", "The cost of the turns whose price is known, in dollars.")
        self.tool_rounds = counter("deltawire_tool_rounds_total", "Rounds of functions whose results the model got.")
        self.retries = counter("deltawire_upstream_retries_total", "Requests that were sent again, or to a fallback.")
        self.faults = counter(
            "deltawire_upstream_faults_total", "Attempts that failed, and answers that broke off.", ["code"]
        )
        cancelled = "Turns that were cancelled before their answer had ended, by reason and phase."
        self.hangups = counter("deltawire_hangups_total", cancelled, ("reason", "phase"))
        self.runs = counter("deltawire_runs_total", "What happened to turns with grace.", ["happening"])
        self.tools = counter("deltawire_tools_total", "Turns whose model was given a tool, by tool.", ["tool"])
        self.refused = counter(
            "deltawire_refused_total", "Frames, requests and handshakes that were refused.", ["code"]
        )
        self.send_waits = counter("deltawire_send_waits_total", "Sends that had to wait for their client to read.")
        self.database_connections = gauge(
            "deltawire_database_connections_in_use", "Connections to the database that a transaction holds."
        )
        self.database_waits = counter(
            "deltawire_database_waits_total", "Transactions that had to wait for a connection, or for the one writer."
        )
        self.uploads = counter("deltawire_uploads_total", "Files that were sent, by their end.", ["end"])
        self.upload_bytes = counter("deltawire_upload_bytes_total", "The bytes of the files that were kept.")
        self._create_series()

    def _create_series(self) -> None:
        """Create the series that alerts watch, at 0: else the first event of a kind would not show as an increase."""
        self._registry.register(ProcessMetrics())
        for tool in TOOL_LABELS:
            self.tools.labels(tool)
        self.uploads.labels("kept")
        for code in TABLE:
            self.refused.labels(code)
            if code.startswith("upstream_"):
                self.faults.labels(code)
        for transport, model in product(TRANSPORTS, {*self._models, _OTHER}):
            self.turns.labels(transport, model, "internal")

    def label_of(self, model: str) -> str:
        """Return the label of a model: its name, or `other`."""
        return model if model in self._models else _OTHER

    def count_end(self, transport: str, end: str, figures: UsageFigures) -> None:
        """Count a turn that has ended, with its tokens and its cost.

        `end` is as in `TurnEnd`: a finish reason, `cancelled`, or the code of an error.
        """
        model = self.label_of(figures.model)
        self.turns.labels(transport, model, end if end in _ENDS else _OTHER).inc()
        self.turn_seconds.observe(figures.duration_ms / 1000)
        for kind in _KINDS:
            count: int | None = getattr(figures, f"{kind}_tokens")
            if count:
                self._tokens.labels(model, kind).inc(count)
        if figures.cost_usd is not None:
            self._cost.inc(figures.cost_usd)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return all workers' metrics in the best format for an `Accept` header, and its content type.

        With several workers this reads files, so it may block.
        """
        try:
            encode, content_type = choose_encoder(accept)
            encode(CollectorRegistry())
        except (TypeError, ValueError):  # an invalid version, which the library may notice only when it encodes
            encode, content_type = choose_encoder("")
        registry = self._registry
        if folder := os.environ.get(_FOLDER_VARIABLE):
            registry = CollectorRegistry()
            MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
            registry.register(ProcessMetrics(partial(workers_in, folder)))
        return encode(registry), content_type


@contextmanager
def shared_by_workers() -> Iterator[Callable[[int], None]]:
    """Let the processes that are started in this block share their metrics.

    Yield a function that removes the gauges of a process that has ended; its argument is the process id.
    """
    in_memory = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="deltawire-metrics-", dir=in_memory, ignore_cleanup_errors=True) as folder:
        os.environ[_FOLDER_VARIABLE] = folder
        try:
            yield partial(mark_process_dead, path=folder)
        finally:
            del os.environ[_FOLDER_VARIABLE]


def remove_when_orphaned() -> None:
    """Remove the shared folder at the end of a worker whose parent has died; a parent that lives removes it itself."""
    parent, folder = multiprocessing.parent_process(), os.environ.get(_FOLDER_VARIABLE)
    if parent is not None and folder and not parent.is_alive():
        shutil.rmtree(folder, ignore_errors=True)
