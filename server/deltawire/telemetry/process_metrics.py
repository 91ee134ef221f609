"""The `process_*` metrics that Prometheus' client libraries share: CPU, memory, descriptors and the start.

With several workers they are sums over the workers, and the start is that of the first.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

_START: Final = "process_start_time_seconds"
_LIVE_GAUGES: Final = "gauge_livesum_*.db"


class ProcessMetrics(Collector):
    """Reads `/proc` at each scrape; where there is none, there are no such metrics."""

    def __init__(self, pids: Callable[[], Iterable[int | str]] = lambda: ["self"]) -> None:
        """`pids` returns the ids of the processes that serve."""
        self._pids = pids

    def collect(self) -> Iterator[Metric]:
        """Yield each metric, over all processes."""
        values: dict[str, list[float]] = {}
        families: dict[str, Metric] = {}
        for pid in self._pids():
            for family in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():  # type: ignore[misc]  # mypy knows no default of a lambda
                families[family.name] = family
                values.setdefault(family.name, []).append(family.samples[0].value)
        for name, family in families.items():
            total = min(values[name]) if name == _START else sum(values[name])
            kind = CounterMetricFamily if family.type == "counter" else GaugeMetricFamily
            yield kind(name, family.documentation, value=total)


def workers_in(folder: str) -> list[int]:
    """Return the process ids of the workers that live, from the files of the metrics that they share."""
    return [int(file.stem.rpartition("_")[2]) for file in Path(folder).glob(_LIVE_GAUGES)]
