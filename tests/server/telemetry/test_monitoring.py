"""The dashboard and the alerts: their queries can be read, and ask for nothing that this server does not tell."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import promql_parser
import pytest
import yaml
from support.client import connected
from support.paths import ROOT
from support.scrape import Scrape, scrape
from support.serving import serving
from support.transports import TRANSPORTS, post
from support.upstream import Upstream, fails, says, says_and_is_silent

from deltawire.protocol.errors import TABLE

DASHBOARD = ROOT / "deploy" / "grafana" / "deltawire.json"
RULES = ROOT / "deploy" / "prometheus" / "deltawire.rules.yml"
OPERATIONS = (ROOT / "docs" / "reference" / "metrics.md").read_text()
TARGET = {"job", "instance"}
"""Labels that Prometheus adds."""
UP = "up"
"""The metric that Prometheus itself makes of each scrape."""
GUIDE = "https://github.com/deltawire/deltawire/blob/main/docs/guide/operate.md#"


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """An alert, as Prometheus takes it."""

    alert: str
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]
    for_: str = msgspec.field(name="for", default="0s")


def rules() -> list[Rule]:
    [group] = yaml.safe_load(RULES.read_text())["groups"]
    return msgspec.convert(group["rules"], list[Rule])


def queries() -> Iterator[tuple[str, str]]:
    """Every query, by a name for the test; Grafana's variables are filled in."""
    for rule in rules():
        yield rule.alert, rule.expr
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            filled = target["expr"].replace("$__rate_interval", "5m").replace("$job", ".*")
            yield f"{panel['title']}, {target['refId']}", filled


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    """Return what a query selects; raise ValueError for text that is no query."""
    found: list[Any] = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)
        elif isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


@pytest.fixture(scope="module")
async def metrics() -> AsyncIterator[Scrape]:
    """The metrics of a server that has seen everything: each of its series is there."""
    async with Upstream() as upstream, serving(upstream, retries=0) as address:
        for script in (says("Hello"), fails(503)):
            for ask in TRANSPORTS.values():
                upstream.plays(script)
                await ask(address)
        await post(address, "/chat", b"{")
        upstream.plays(says_and_is_silent("Hello"))
        async with connected(address) as client:
            await client.chat()
            await client.receive()
            await client.send(type="cancel")
            await client.until_end()
            upstream.plays(says("Hello"))
            await client.ask(grace=1)
        yield await scrape(address)


QUERIES = dict(queries())


@pytest.mark.parametrize("name", QUERIES)
async def test_a_query_asks_for_what_is_told(metrics: Scrape, name: str) -> None:
    wanted = selectors(QUERIES[name])
    assert wanted
    for selector in wanted:
        assert selector.name in {*metrics.names, UP}
        labels = {label for found, pairs in metrics.samples if found == selector.name for label, _ in pairs} | TARGET
        for matcher in selector.matchers.matchers:
            assert matcher.name in labels
            if matcher.name in ("code", "end"):
                assert any(re.fullmatch(matcher.value, code) for code in TABLE)


@pytest.mark.parametrize("query", ["rate(deltawire_sockets", "rate(deltawire_sockets)"])
def test_what_is_no_query_is_found(query: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        selectors(query)


def test_every_metric_is_on_the_dashboard_and_in_the_manual(metrics: Scrape) -> None:
    shown = {selector.name for query in QUERIES.values() for selector in selectors(query)}
    for name in metrics.kinds:
        assert {f"{name}{suffix}" for suffix in ("", "_total", "_bucket")} & shown, name
    documented = set(re.findall(r"^\| `((?:deltawire|process)_\w+)`", OPERATIONS, re.MULTILINE))
    assert documented == {name if kind != "counter" else f"{name}_total" for name, kind in metrics.kinds.items()}


def test_every_alert_is_in_the_manual() -> None:
    assert re.findall(r"^\| `(Deltawire\w+)`", OPERATIONS, re.MULTILINE) == [rule.alert for rule in rules()]


def test_every_alert_names_a_runbook_that_there_is() -> None:
    operate = (ROOT / "docs" / "guide" / "operate.md").read_text()
    headings = re.findall(r"^### (Deltawire\w+)$", operate, re.MULTILINE)
    assert sorted(headings) == sorted(rule.alert for rule in rules())
    for rule in rules():
        assert rule.annotations["runbook_url"] == GUIDE + rule.alert.lower()


def test_somebody_is_woken_when_it_is_down_and_when_it_spends() -> None:
    by_name = {rule.alert: {selector.name for selector in selectors(rule.expr)} for rule in rules()}
    assert by_name["DeltawireDown"] == {UP}
    assert by_name["DeltawireSpend"] == {"deltawire_cost_usd_total"}


def test_every_panel_stands_by_itself_and_has_a_name() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert (
        len({panel["id"] for panel in panels})
        == len({panel["title"] + panel["type"] for panel in panels})
        == len(panels)
    )
    cells = [cell for panel in panels for cell in cells_of(panel["gridPos"])]
    assert len(cells) == len(set(cells))


def cells_of(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(place["x"], place["x"] + place["w"]):
        for y in range(place["y"], place["y"] + place["h"]):
            yield x, y
