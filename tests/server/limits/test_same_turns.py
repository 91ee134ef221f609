"""One turn, four accounts: the minute, `GET /usage`, the metrics and the log count the same turns."""

import asyncio
import random
from collections import Counter
from typing import Any

import aiohttp
import pytest
from support.client import masked, raw_socket
from support.log import Log
from support.scrape import Scrape, scrape
from support.serving import serving
from support.transports import Listener, ask_rest, listening
from support.upstream import Upstream

LEAVERS = 60
ALLOWED = 1_000


async def leaves_at_once(address: str, number: int, seconds: float) -> None:
    """Ask over a socket, a stream or a plain request, or not to the last byte, and be gone."""
    kind = number % 4
    if kind == 0:
        reader, writer = await raw_socket(address)
        writer.write(masked(b'{"type": "chat", "message": "hi"}'))
        listener = Listener(reader, writer)
    else:
        path = "/chat" if kind == 1 else "/chat/stream"
        listener = await listening(address, path, turn=f"t{number}", finished=kind != 3)
    await asyncio.sleep(seconds)
    listener.reset()


async def usage_of(address: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}/usage") as response:
        return await response.json()


async def quiet(address: str) -> Scrape:
    """The metrics once nothing runs any more."""
    while (read := await scrape(address)).value("turns_running") or read.value("sockets"):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return read


@pytest.mark.parametrize("seed", range(2))
async def test_the_minute_the_usage_the_metrics_and_the_log_count_the_same_turns(
    upstream: Upstream, log: Log, counted: dict[str, str], seed: int
) -> None:
    chance = random.Random(seed)
    async with serving(upstream, turns_per_minute=ALLOWED, turns_at_once=ALLOWED, **counted) as address:
        assert (await ask_rest(address))[-1]["type"] == "usage"
        await asyncio.gather(*(leaves_at_once(address, n, chance.uniform(0, 0.004)) for n in range(LEAVERS)))
        read = await quiet(address)
        report = await usage_of(address)
        async with asyncio.timeout(60):
            while not agree(read, report, log):  # a charge may still be on its way
                await asyncio.sleep(0.02)
                read, report = await scrape(address), await usage_of(address)
    assert not [line for line in log.lines if line["event"] == "bug"]
    refused = {labels["code"] for labels in read.labelled("refused_total")}
    assert "invalid_json" not in refused, "who left before the last byte sent no bad JSON"


def agree(read: Scrape, report: dict[str, Any], log: Log) -> bool:
    """Return whether all four name the same number of turns."""
    logged = Counter(line["event"] for line in log.lines)["turn_ended"]
    counted = sum(read.value("turns_total", **labels) for labels in read.labelled("turns_total"))
    used = sum(model["turns"] for model in report["days"][0]["models"])
    [window] = [limit for limit in report["limits"] if limit["limit"] == "turns_per_minute"]
    return {logged} == {counted, used, ALLOWED - window["left"]}
