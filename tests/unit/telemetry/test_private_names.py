"""The private names of prometheus-client that the metrics stand on. One that has moved fails here, and says which."""

from prometheus_client import Histogram

INSIDE = "prometheus-client has moved what telemetry/metrics.py stands on: "


def test_a_histogram_keeps_its_sum_and_a_count_for_each_bucket() -> None:
    histogram = Histogram("seconds", "of a test", buckets=(1.0, 2.0), registry=None)
    assert len(histogram._buckets) == 3, INSIDE + "Histogram._buckets, with one for +Inf"
    for count in (*histogram._buckets, histogram._sum):
        count.inc(2)
        assert count.get() == 2, INSIDE + "the values of a histogram"
