"""Cases that people met in the field, on all three transports. Each is a file; `support/field.py` has the format."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
import structlog
from support.client import Frame, connected, text_of
from support.conversations import conversations_of
from support.field import Case, FieldUpstream, Outcome, field_cases
from support.log import Log
from support.scrape import scrape
from support.serving import serving
from support.transports import TRANSPORTS, ask_rest, events, posting
from support.upstream import AT_ONCE, Upstream, says

from deltawire.config.settings import SettingsError

CASES = field_cases()
STREAMS = {name: case for name, case in CASES.items() if "steps" in str(case.get("upstream"))}
SHAPES = {name: case for name, case in CASES.items() if name not in STREAMS}
"""Cases of what is asked, not of what is answered."""
AT_ONE_TIME = 8


@pytest.fixture(scope="module")
async def judging() -> AsyncIterator[dict[str, asyncio.Task[list[str]]]]:
    """The differences from what is expected, by case. Those that wait, wait together."""
    log = Log()
    processors = structlog.get_config()["processors"]
    before = processors.copy()
    processors[:] = [log]
    tasks: dict[str, asyncio.Task[list[str]]] = {}
    places = asyncio.Semaphore(AT_ONE_TIME)
    async with AsyncExitStack() as stack:
        served = [(cases, *await _serve(cases, stack)) for cases in _by_settings()]
        served.sort(key=lambda one: "'image'" in str(one[0]))
        for cases, upstream, address in served:
            for name, case in cases.items():
                # A picture of megabytes keeps the loop busy, and those that wait have their deadlines.
                before_it = set(tasks.values()) if "'image'" in str(case) else set()
                tasks[name] = asyncio.create_task(
                    _judge(name, case, upstream, address, log, places, before_it=before_it)
                )
        yield tasks
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    processors[:] = before


@pytest.mark.parametrize("name", STREAMS)
async def test_a_case_from_the_field_ends_as_it_should(judging: dict[str, asyncio.Task[list[str]]], name: str) -> None:
    assert await judging[name] == []


@pytest.mark.parametrize("name", [name for name, case in SHAPES.items() if not isinstance(case["expect"], str)])
async def test_thinking_is_asked_for_as_a_case_says(upstream: Upstream, name: str) -> None:
    case = SHAPES[name]
    async with serving(upstream, models="*") as address:
        await ask_rest(address, **case["request"])
    config = upstream.exchanges[0].body.get("generationConfig", {}).get("thinkingConfig")
    wanted = case["expect"]
    assert (config if wanted is None else wanted.items() <= config.items()) in (None, True)


async def test_gemma_3_reads_the_system_instruction_before_the_first_message(upstream: Upstream) -> None:
    async with serving(upstream, models="*") as address:
        await ask_rest(address, "hi", model="gemma-3-27b-it", system="Be brief.")
        await ask_rest(address, "hi", model="gemma-4-31b-it", system="Be brief.")
    old, new = (exchange.body for exchange in upstream.exchanges)
    assert "systemInstruction" not in old
    assert upstream.exchanges[0].texts == ["Be brief.\n\nhi"]
    assert new["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert upstream.exchanges[1].texts == ["hi"]


async def test_an_address_with_a_version_at_its_end_is_named_at_the_start(upstream: Upstream) -> None:
    upstream.url += "/v1beta"
    with pytest.raises(SettingsError, match=r"GOOGLE_GEMINI_BASE_URL: .* without v1beta"):
        async with serving(upstream):
            pass


@pytest.mark.parametrize("kept_by", ["the socket", "the server"])
async def test_a_history_that_is_cut_begins_with_the_person(upstream: Upstream, kept_by: str) -> None:
    upstream.plays(says("Answer."))
    async with serving(upstream, max_history_chars=40) as address, connected(address) as client:
        fields: dict[str, str] = {}
        if kept_by == "the server":
            async with conversations_of(address) as http:
                fields = {"conversation": await http.create()}
        for question in ("a question of thirty characters", "short", "third"):
            await client.ask(question, **fields)
    last = upstream.exchanges[-1]
    assert [content["role"] for content in last.body["contents"]] == ["user", "model", "user"]
    assert last.texts == ["short", "Answer.", "third"]


async def test_a_kept_connection_that_the_upstream_closes_as_it_is_used_is_not_seen() -> None:
    async def answers_once_a_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length[15:]))
        event = b'data: {"candidates":[{"content":{"parts":[{"text":"ok"}]},"finishReason":"STOP"}]}\r\n\r\n'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(event), event))
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(answers_once_a_connection, "127.0.0.1", 0)
    upstream = Upstream()
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, serving(upstream, retries=0) as address:
        ends = [(await ask_rest(address))[-1]["type"] for _ in range(3)]
        metrics = await scrape(address)
    assert ends == ["usage"] * 3
    names = ("deltawire_upstream_retries_total", "deltawire_upstream_faults_total")
    assert [sum(value for (name, _), value in metrics.samples.items() if name == wanted) for wanted in names] == [0, 0]


async def test_what_nobody_asked_for_is_not_the_answer_to_the_next_request() -> None:
    is_answered, is_closed = asyncio.Event(), asyncio.Event()
    event = b'data: {"candidates":[{"content":{"parts":[{"text":"%b"}]},"finishReason":"STOP"}]}\r\n\r\n'

    def response(text: bytes) -> bytes:
        body = event % text
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    async def answers_twice_at_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length[15:]))
        writer.write(response(b"second" if is_answered.is_set() else b"first"))
        if not is_answered.is_set():
            await is_answered.wait()
            writer.write(response(b"unasked"))
            with suppress(ConnectionError):
                await reader.read(1)
            is_closed.set()
        writer.close()

    server = await asyncio.start_server(answers_twice_at_first, "127.0.0.1", 0)
    upstream = Upstream()
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, serving(upstream, retries=0) as address:
        texts = [text_of(await ask_rest(address))]
        is_answered.set()
        async with asyncio.timeout(AT_ONCE):
            await is_closed.wait()
        texts.append(text_of(await ask_rest(address)))
    assert texts == ["first", "second"]


JUDGED_ABOVE = {
    *("shape-gemma-3-system", "shape-base-with-version", "shape-memory-begins-with-model", "shape-stale-connection")
}


def test_every_case_is_judged() -> None:
    assert {name for name, case in SHAPES.items() if isinstance(case["expect"], str)} <= JUDGED_ABOVE


def _by_settings() -> list[dict[str, Case]]:
    """The cases that one server can judge together: the slow ones first."""
    groups: dict[str, dict[str, Case]] = {}
    for name in sorted(STREAMS, key=lambda name: ("'image'" in str(STREAMS[name]), -_seconds(STREAMS[name]))):
        groups.setdefault(str(sorted(STREAMS[name]["server"].items())), {})[name] = STREAMS[name]
    return list(groups.values())


async def _serve(cases: dict[str, Case], stack: AsyncExitStack) -> tuple[FieldUpstream, str]:
    """A server with the settings of these cases, and its upstream."""
    upstream = await stack.enter_async_context(FieldUpstream(cases))
    settings = next(iter(cases.values()))["server"]
    server = serving(upstream, **{name.lower(): value for name, value in settings.items()})
    return upstream, await stack.enter_async_context(server)


async def _judge(
    name: str,
    case: Case,
    upstream: FieldUpstream,
    address: str,
    log: Log,
    places: asyncio.Semaphore,
    *,
    before_it: set[asyncio.Task[list[str]]],
) -> list[str]:
    """Ask over each transport at once; return a line for everything that is not right."""
    if before_it:
        await asyncio.wait(before_it)
    async with places:
        judged = [_judge_on(transport, address, name, case, upstream, log) for transport in TRANSPORTS]
        return [line for lines in await asyncio.gather(*judged) for line in lines]


async def _judge_on(
    transport: str, address: str, name: str, case: Case, upstream: FieldUpstream, log: Log
) -> list[str]:
    fields = {field: value for field, value in case["request"].items() if not field.startswith("_")}
    message, turn = f"{transport} asks {name}", f"{transport}-{name}"
    expect = case["expect"]
    async with conversations_of(address) as http:
        if case["request"].get("_conversation"):
            fields["conversation"] = await http.create()
        began = time.monotonic()
        frames, spread = await _ask_over(transport, address, message, {**fields, "id": turn})
        seconds = time.monotonic() - began
        logged = str([line for line in log.lines if line.get("turn") == turn])
        lines = Outcome(frames, seconds, upstream.requests[message], logged).misses(expect)
        if "spread" in expect and transport != "rest" and spread < expect["spread"]:
            lines.append(f"all came within {spread:.1f} s")
        if expect.get("stored"):
            roles = [kept["role"] for kept in await http.messages(str(fields["conversation"]))]
            lines += [] if roles == ["user", "model"] else [f"stored: {roles}"]
        if "retry_header" in expect and transport == "rest":
            async with posting(address, "/chat", f"again {message}", **fields) as response:
                retry_after = response.headers.get("Retry-After")
                lines += [] if retry_after == expect["retry_header"] else [f"Retry-After: {retry_after}"]
    return [f"{transport}: {line}" for line in lines]


async def _ask_over(transport: str, address: str, message: str, fields: dict[str, Any]) -> tuple[list[Frame], float]:
    """The frames, and the seconds between the first and the last piece of text."""
    frames, times = [], [time.monotonic()]

    def take(frame: Frame) -> None:
        if frame["type"] == "delta":
            times.append(time.monotonic())
        frames.append(frame)

    if transport == "socket":
        async with connected(address, max_size=None) as client:
            await client.chat(message, **fields)
            while not frames or frames[-1]["type"] not in ("usage", "error"):
                take(await client.receive())
    elif transport == "sse":
        async with posting(address, "/chat/stream", message, **fields) as response:
            async for frame in events(response):
                take(frame)
    else:
        frames = await ask_rest(address, message, **fields)
    return frames, times[-1] - times[1 if len(times) > 1 else 0]


def _seconds(case: Case) -> float:
    """Return the seconds that a case waits, about."""
    steps = [step for play in case["upstream"] for step in play["steps"]]
    heads = [play.get("head_wait", 0) for play in case["upstream"]]
    return float(sum(heads) + sum(step.get("wait", 0) for step in steps) + 2 * ("stall" in str(steps)))
