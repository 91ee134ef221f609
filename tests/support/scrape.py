"""The metrics, as Prometheus reads them."""

from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

Sample = tuple[str, frozenset[tuple[str, str]]]


class Scrape:
    """One reading of `GET /metrics`."""

    def __init__(self, text: str) -> None:
        families = list(text_string_to_metric_families(text))
        self.kinds = {family.name: family.type for family in families}
        self.samples: dict[Sample, float] = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    def value(self, name: str, **labels: Any) -> float:
        """A sample of a metric, whose prefix is left out; 0 for one that is not there yet."""
        wanted = frozenset((key, str(value)) for key, value in labels.items())
        return self.samples.get((f"deltawire_{name}", wanted), 0.0)

    def labelled(self, name: str) -> list[dict[str, str]]:
        """The labels of each sample of a metric that is not 0."""
        return [
            dict(labels) for (found, labels), value in self.samples.items() if found == f"deltawire_{name}" and value
        ]

    @property
    def names(self) -> set[str]:
        """Every name that a query may use."""
        return {name for name, _ in self.samples}


async def scrape(address: str, **headers: str) -> Scrape:
    connector = aiohttp.TCPConnector(force_close=True)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get(f"http://{address}/metrics", headers=headers) as response,
    ):
        assert response.status == 200
        return Scrape(await response.text())
