"""The metrics: each is read from outside, after a turn that moves it."""

import asyncio
import os
import signal
from bisect import bisect_left
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest
from support.bodies import EVERY_COUNT
from support.client import Client, connected, masked, raw_socket
from support.forked import ForkServer
from support.functions import TOOLS, call, calls
from support.identity import API_KEYS, KEYS
from support.log import Log
from support.process import forked, running_over
from support.scrape import Scrape, scrape
from support.serving import serving
from support.transports import TRANSPORTS, Ask, Listener, ask_rest, listening, post
from support.upstream import (
    Exchange,
    Script,
    Upstream,
    fails,
    floods,
    is_silent,
    says,
    says_and_is_silent,
    starts_and_is_silent,
    until_blocked,
)
from support.workers import runs, until, workers_of
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from deltawire.telemetry.metrics import FoldedHistogram
from deltawire.telemetry.turn_end import GAP_BOUNDS

MODEL = "gemini-flash-latest"
LABELS: dict[str, tuple[str, set[str]]] = {
    "sockets": ("gauge", set()),
    "turns": ("counter", {"transport", "model", "end"}),
    "turns_running": ("gauge", set()),
    "first_delta_seconds": ("histogram", set()),
    "delta_gap_seconds": ("histogram", set()),
    "turn_seconds": ("histogram", set()),
    "tokens": ("counter", {"model", "kind"}),
    "cost_usd": ("counter", set()),
    "upstream_retries": ("counter", set()),
    "upstream_faults": ("counter", {"code"}),
    "hangups": ("counter", {"reason", "phase"}),
    "runs": ("counter", {"happening"}),
    "tools": ("counter", {"tool"}),
    "tool_rounds": ("counter", set()),
    "uploads": ("counter", {"end"}),
    "upload_bytes": ("counter", set()),
    "refused": ("counter", {"code"}),
    "send_waits": ("counter", set()),
}


async def after_a_turn(address: str, log: Log, ask: Ask, **fields: str) -> Scrape:
    await ask(address, **fields)
    await log.line("turn_ended")
    return await scrape(address)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_turn_is_counted_by_transport_model_and_end(upstream: Upstream, log: Log, transport: str) -> None:
    async with serving(upstream) as address:
        read = await after_a_turn(address, log, TRANSPORTS[transport])
    assert read.value("turns_total", transport=transport, model=MODEL, end="stop") == 1
    assert read.value("turn_seconds_count") == read.value("first_delta_seconds_count") == 1
    assert read.value("turn_seconds_sum") >= read.value("first_delta_seconds_sum") > 0
    assert read.value("turns_running") == 0
    assert read.labelled("hangups_total") == []


async def test_tokens_and_dollars_are_counted_and_what_was_not_told_is_not(upstream: Upstream, log: Log) -> None:
    upstream.plays(says("Hello", usage=EVERY_COUNT), fails(400))
    async with serving(upstream) as address:
        usage = (await ask_rest(address))[-1]
        await ask_rest(address)
        await log.line("turn_ended", end="upstream_rejected")
        read = await scrape(address)
    tokens = {labels["kind"]: read.value("tokens_total", **labels) for labels in read.labelled("tokens_total")}
    assert tokens == {"input": 10, "output": 2, "tool": 6, "cached": 3, "thought": 1}
    assert {labels["model"] for labels in read.labelled("tokens_total")} == {MODEL}
    assert read.value("cost_usd_total") == usage["cost_usd"] > 0


async def test_what_runs_and_what_is_open_is_told_while_it_is(upstream: Upstream, log: Log) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream) as address:
        async with connected(address) as client, connected(address):
            await client.chat()
            await client.receive()
            busy = await scrape(address)
        await log.line("turn_ended")
        async with asyncio.timeout(20):
            while (quiet := await scrape(address)).value("sockets"):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
    assert (busy.value("sockets"), busy.value("turns_running")) == (2, 1)
    assert quiet.value("turns_running") == 0


async def test_each_gap_between_two_deltas_is_counted(upstream: Upstream, log: Log) -> None:
    deltas = asyncio.Semaphore(0)

    async def waits(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text("One")
        for text, finish in (("two", None), ("three", "STOP")):
            await deltas.acquire()
            await asyncio.sleep(0.062)  # 0.06 at least: the loop's timers may be a millisecond early
            await exchange.text(text, finish=finish)
        await exchange.finish()

    upstream.plays(waits)
    async with serving(upstream) as address, connected(address) as client:
        await client.chat()
        for _ in range(2):
            await client.receive()
            deltas.release()
        await client.until_end()
        await log.line("turn_ended")
        read = await scrape(address)
    assert read.value("delta_gap_seconds_count") == 2
    assert read.value("delta_gap_seconds_sum") >= 0.12
    assert read.value("delta_gap_seconds_bucket", le="0.05") == 0
    assert read.value("delta_gap_seconds_bucket", le="5.0") == 2


async def test_a_thought_is_no_delta(upstream: Upstream, log: Log) -> None:
    upstream.plays(says(thoughts=["a", "b", "c"]))
    async with serving(upstream) as address:
        read = await after_a_turn(address, log, ask_rest, thinking="low")
    assert read.value("first_delta_seconds_count") == read.value("delta_gap_seconds_count") == 0


async def test_tries_that_failed_and_tries_that_followed_are_counted(upstream: Upstream, log: Log) -> None:
    upstream.plays(fails(503), fails(429), says("Hello"))
    async with serving(upstream, retry_max_delay=0.01) as address:
        read = await after_a_turn(address, log, ask_rest)
    assert read.value("upstream_retries_total") == 2
    assert read.value("upstream_faults_total", code="upstream_unavailable") == 1
    assert read.value("upstream_faults_total", code="upstream_rate_limited") == 1
    assert read.value("turns_total", transport="rest", model=MODEL, end="stop") == 1


async def test_a_fallback_is_another_try_and_is_counted_by_its_own_name(upstream: Upstream, log: Log) -> None:
    upstream.plays(fails(503), says("Hello"))
    async with serving(upstream, retries=0, fallback_models="gemini-2") as address:
        read = await after_a_turn(address, log, ask_rest)
    assert read.value("upstream_retries_total") == 1
    assert read.value("turns_total", transport="rest", model="gemini-2", end="stop") == 1


async def test_an_answer_that_breaks_off_is_a_fault_as_well(upstream: Upstream, log: Log) -> None:
    async def breaks_off(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text("Hello")
        await exchange.finish()

    upstream.plays(breaks_off)
    async with serving(upstream) as address:
        read = await after_a_turn(address, log, ask_rest)
    assert read.value("upstream_faults_total", code="upstream_truncated") == 1
    assert read.value("turns_total", transport="rest", model=MODEL, end="upstream_truncated") == 1
    assert read.value("upstream_retries_total") == 0


async def test_a_model_that_is_not_listed_counts_as_other(upstream: Upstream, log: Log) -> None:
    async with serving(upstream, models="*") as address:
        read = await after_a_turn(address, log, ask_rest, model="gemini-9")
    assert read.value("turns_total", transport="rest", model="other", end="stop") == 1
    assert read.value("tokens_total", model="other", kind="input") == 3


async def test_a_word_of_tomorrow_for_an_end_counts_as_other(upstream: Upstream, log: Log) -> None:
    upstream.plays(says("Hello", finish="NEWLY_INVENTED"))
    async with serving(upstream) as address:
        read = await after_a_turn(address, log, ask_rest)
    assert read.value("turns_total", transport="rest", model=MODEL, end="other") == 1


PHASES: dict[str, Script] = {
    "connect": is_silent,
    "first_token": starts_and_is_silent,
    "streaming": says_and_is_silent("Hello"),
    "backoff": fails(503),
    "send": floods,
    "waiting": calls(call("clock", {}, signature="s")),
}


async def leave(client: Client) -> None:
    await client.socket.close()


async def cancel(client: Client) -> None:
    await client.send(type="cancel")


@pytest.mark.parametrize("reason", ["client_gone", "user_cancel"])
@pytest.mark.parametrize("phase", PHASES)
async def test_a_hang_up_is_counted_by_its_reason_and_its_phase(
    upstream: Upstream, log: Log, phase: str, reason: str
) -> None:
    upstream.plays(PHASES[phase])
    async with serving(upstream, retry_max_delay=30, retries=9) as address:
        async with connected(address, close_timeout=0.1, max_queue=1, ping_interval=None) as client:
            await client.chat(tools=TOOLS if phase == "waiting" else [])
            exchange = await upstream.wait_for_request()
            if phase == "streaming":
                await client.receive()
            elif phase == "waiting":
                await client.receive()
                await exchange.closes()
            elif phase == "send":
                await until_blocked(exchange)
            elif phase == "backoff":
                await exchange.closes()
                await log.line("upstream_fault")
            elif phase == "first_token":
                await asyncio.sleep(0.05)  # for the headers to arrive: nobody tells
            await (leave if reason == "client_gone" else cancel)(client)
            await exchange.closes()
        line = await log.line("turn_ended")
        read = await scrape(address)
    assert read.labelled("hangups_total") == [{"reason": reason, "phase": phase}]
    assert (line["reason"], line["phase"]) == (reason, phase)
    assert read.value("turns_total", transport="socket", model=MODEL, end="cancelled") == 1


@pytest.mark.parametrize("path", ["/chat", "/chat/stream"])
async def test_a_request_that_is_left_is_a_hang_up(upstream: Upstream, log: Log, path: str) -> None:
    upstream.plays(is_silent)
    async with serving(upstream) as address:
        listener: Listener = await listening(address, path)
        await upstream.wait_for_request()
        listener.close()
        await log.line("turn_ended")
        read = await scrape(address)
    assert read.value("hangups_total", reason="client_gone", phase="connect") == 1


async def test_a_stream_that_is_left_unread_is_left_while_it_is_sent(upstream: Upstream, log: Log) -> None:
    upstream.plays(floods)
    async with serving(upstream) as address:
        writer = (await listening(address, "/chat/stream")).writer
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await until_blocked(await upstream.wait_for_request())
        writer.transport.abort()
        await log.line("turn_ended")
        read = await scrape(address)
    assert read.labelled("hangups_total") == [{"reason": "client_gone", "phase": "send"}]


async def test_what_is_refused_is_counted_by_its_code(upstream: Upstream) -> None:
    async with serving(upstream) as address:
        async with connected(address) as client:
            await client.send(type="caht")
            await client.receive()
            await client.socket.send(b"\0")
            await client.receive()
            await client.chat(model="gemini-9")
            await client.receive()
        await post(address, "/chat", b"{")
        await post(address, "/chat", b"{}", Host="elsewhere.example")
        with pytest.raises(InvalidStatus):
            await connect(f"ws://{address}/elsewhere")
        read = await scrape(address)
    refused = {labels["code"]: read.value("refused_total", **labels) for labels in read.labelled("refused_total")}
    assert refused == {"invalid_frame": 2, "unknown_model": 1, "invalid_json": 1, "forbidden": 1, "not_found": 1}
    assert read.labelled("turns_total") == []


@pytest.mark.parametrize("ask", TRANSPORTS.values(), ids=TRANSPORTS)
async def test_a_turn_that_its_limits_refuse_counts_as_refused_on_every_transport(upstream: Upstream, ask: Ask) -> None:
    async with serving(upstream, turns_per_minute="1") as address:
        assert (await ask(address))[-1]["type"] == "usage"
        for _ in range(2):
            assert (await ask(address))[-1]["code"] == "rate_limited"
        read = await scrape(address)
    assert read.value("refused_total", code="rate_limited") == 2


@pytest.mark.parametrize("path", ["/ws", "/chat/stream"])
async def test_a_send_that_waits_for_its_client_is_counted(upstream: Upstream, path: str) -> None:
    upstream.plays(floods)
    async with serving(upstream) as address:
        if path == "/ws":
            _, writer = await raw_socket(address, limit=1)
            writer.write(masked(b'{"type": "chat", "message": "hi"}'))
        else:
            writer = (await listening(address, path)).writer
            writer.transport.pause_reading()  # type: ignore[attr-defined]
        await until_blocked(await upstream.wait_for_request())
        read = await scrape(address)
        writer.transport.abort()
    assert read.value("send_waits_total") == 1


async def test_with_a_token_it_is_for_those_who_bring_it(upstream: Upstream) -> None:
    async with serving(upstream, metrics_token="planted-9f3c") as address:
        assert (await scrape(address, Authorization="bearer planted-9f3c")).names
        async with aiohttp.ClientSession() as session:
            for given in ({}, {"Authorization": "Bearer planted-9f3"}, {"Authorization": "Basic planted-9f3c"}):
                async with session.get(f"http://{address}/metrics", headers=given) as response:
                    assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
                    assert (await response.json(content_type=None))["code"] == "unauthenticated"


async def test_a_token_of_its_own_is_not_a_callers_and_a_callers_not_its_own(upstream: Upstream) -> None:
    async with serving(upstream, api_keys=API_KEYS, metrics_token="planted-9f3c") as address:
        assert await status(address) == 401
        assert await status(address, Authorization=f"Bearer {KEYS['alice']}") == 401
        assert await status(address, Authorization="Bearer planted-9f3c") == 200


async def test_without_a_token_of_its_own_it_is_for_every_caller_and_nobody_else(upstream: Upstream) -> None:
    async with serving(upstream, api_keys=API_KEYS) as address:
        assert await status(address) == 401
        assert await status(address, Authorization=f"Bearer {KEYS['alice']}") == 200


async def test_by_any_name_it_is_for_those_who_bring_what_it_wants(upstream: Upstream) -> None:
    by_address = {"Host": "10.1.2.3:8000"}
    async with serving(upstream, metrics_token="planted-9f3c") as address:
        assert await status(address, **by_address, Authorization="Bearer planted-9f3c") == 200
        assert await status(address, **by_address) == 401
    async with serving(upstream, api_keys=API_KEYS) as address:
        assert await status(address, **by_address, Authorization=f"Bearer {KEYS['alice']}") == 200
        assert await status(address, **by_address) == 401
    async with serving(upstream) as address:
        assert await status(address, **by_address) == 403


async def status(address: str, **headers: str) -> int:
    async with aiohttp.ClientSession(headers=headers) as session, session.get(f"http://{address}/metrics") as response:
        return response.status


async def test_it_speaks_openmetrics_to_those_who_ask(upstream: Upstream) -> None:
    async with serving(upstream) as address, aiohttp.ClientSession() as session:
        wanted = {"Accept": "application/openmetrics-text; version=1.0.0"}
        async with session.get(f"http://{address}/metrics", headers=wanted) as response:
            assert response.content_type == "application/openmetrics-text"
            assert (await response.text()).endswith("# EOF\n")


async def test_the_names_are_those_that_dashboards_are_built_on(upstream: Upstream, log: Log) -> None:
    upstream.plays(fails(503), says_and_is_silent("Hello"))
    async with serving(upstream, retry_max_delay=0.01) as address:
        async with connected(address) as client:
            await client.send(type="caht")
            await client.receive()
            await client.chat()
            await client.receive()
        await log.line("turn_ended")
        upstream.plays(says("Hello"))
        await ask_rest(address, grace=1)
        read = await scrape(address)
    elsewhere = ("process_", "deltawire_database_")  # in test_process_metrics.py
    assert {name for name in read.kinds if not name.startswith(elsewhere)} == {f"deltawire_{name}" for name in LABELS}
    for name, (kind, labels) in LABELS.items():
        assert read.kinds[f"deltawire_{name}"] == kind
        suffix = {"counter": "_total", "gauge": "", "histogram": "_count"}[kind]
        found = [dict(pairs) for sample, pairs in read.samples if sample == f"deltawire_{name}{suffix}"]
        assert set(found[0]) == labels


async def test_what_alerts_watch_is_there_before_it_happens(upstream: Upstream) -> None:
    async with serving(upstream) as address:
        read = await scrape(address)
    for code in ("overloaded", "store_unavailable", "internal"):
        assert ("deltawire_refused_total", frozenset({("code", code)})) in read.samples
    assert ("deltawire_upstream_faults_total", frozenset({("code", "upstream_rejected")})) in read.samples
    bugs = {"transport": "socket", "model": MODEL, "end": "internal"}
    assert ("deltawire_turns_total", frozenset(bugs.items())) in read.samples


async def test_two_workers_metrics_add_up(upstream: Upstream) -> None:
    async with running_over(upstream, workers="2") as server, AsyncExitStack() as stack:
        workers = workers_of(server)
        [folder] = {folder_of(pid) for pid in workers}
        clients = [await stack.enter_async_context(connected(server.address)) for _ in range(16)]
        await asyncio.gather(*(client.ask() for client in clients))
        await server.turn(15)
        for _ in range(8):  # whichever worker answers
            read = await scrape(server.address)
            assert read.value("sockets") == 16
            assert read.value("turns_running") == 0
            assert read.value("turns_total", transport="socket", model=MODEL, end="stop") == 16
            assert read.value("tokens_total", model=MODEL, kind="input") == 48
            assert read.value("turn_seconds_count") == read.value("first_delta_seconds_count") == 16
        assert len(list(folder.glob("counter_*.db"))) == 2
        os.kill(workers[0], signal.SIGKILL)
        await until(lambda: not runs(workers[0]) and not list(folder.glob(f"gauge_*_{workers[0]}.db")))
        left = await scrape(server.address)
        assert 0 < left.value("sockets") < 16
        assert left.value("turns_total", transport="socket", model=MODEL, end="stop") == 16
        assert await server.stop() == 0
    assert not folder.exists()


async def test_workers_whose_parent_was_killed_leave_no_files(fork_server: ForkServer) -> None:
    async with forked(fork_server, DELTAWIRE_WORKERS="2") as server:
        await server.ready()
        [folder] = {folder_of(pid) for pid in workers_of(server)}
        assert folder.exists()
        server.process.kill()
        await until(lambda: not folder.exists())


async def test_one_process_writes_no_files(fork_server: ForkServer) -> None:
    async with forked(fork_server) as server:
        await server.ready()
        await scrape(server.address)
        assert folder_of(server.process.pid) == Path()
        assert not [name for name in mapped_by(server.process.pid) if name.endswith(".db")]


def mapped_by(pid: int) -> list[str]:
    """The files that a process has mapped into its memory."""
    return [line.split()[-1] for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]


def folder_of(pid: int) -> Path:
    """Return the folder to which a process writes its metrics; an empty path if it has none."""
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    found = [value.partition(b"=")[2] for value in variables if value.startswith(b"PROMETHEUS_MULTIPROC_DIR=")]
    return Path(found[0].decode()) if found else Path()


def test_what_is_folded_counts_as_what_is_observed() -> None:
    disable_created_metrics()  # type: ignore[no-untyped-call]  # their times are not the same
    folded, observed = CollectorRegistry(), CollectorRegistry()
    gaps = [0.001, 0.005, 0.0051, 0.3, 20.0, 99.0]
    counts = [0] * (len(GAP_BOUNDS) + 1)
    for gap in gaps:
        counts[bisect_left(GAP_BOUNDS, gap)] += 1
    FoldedHistogram("x", "x", registry=folded, buckets=GAP_BOUNDS).fold(counts, sum(gaps))
    plain = Histogram("x", "x", registry=observed, buckets=GAP_BOUNDS)
    for gap in gaps:
        plain.observe(gap)
    assert generate_latest(folded) == generate_latest(observed)
