"""A turn with grace over sockets: it outlives a lost link, is heard again, and is stopped from anywhere."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

import aiohttp
import pytest
from support.client import Client, Frame, connected, masked, raw_socket, text_of
from support.functions import TOOLS, call, calls
from support.log import Log
from support.phases import SOCKET_PHASES
from support.serving import serving
from support.transports import Listener
from support.upstream import (
    Exchange,
    Upstream,
    says,
    says_and_is_silent,
    says_when,
    until_blocked,
)


def lost(client: Client) -> None:
    """Drop the connection without a close frame."""
    client.socket.transport.abort()


async def started(client: Client, **fields: Any) -> Frame:
    """Ask with a grace; return the first frame."""
    await client.chat(**{"id": "t1", "grace": 60, **fields})
    frame = await client.receive()
    assert list(frame) == ["type", "id", "run", "conversation", "question", "seq"]
    assert (frame["type"], frame["seq"]) == ("started", 1)
    return frame


async def test_the_frames_of_a_turn_with_grace_are_numbered(upstream: Upstream) -> None:
    upstream.plays(says("a", "b", thoughts=["hm"]))
    async with serving(upstream) as address, connected(address) as client:
        frames = await client.ask(id="t1", grace=60, thinking="low")
    assert [frame["type"] for frame in frames[:3]] == ["started", "thought", "delta"]
    assert frames[-1]["type"] == "usage"
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    assert all(list(frame)[:2] == ["type", "id"] for frame in frames)
    assert len(frames[0]["run"]) >= 22


@pytest.mark.parametrize("grace", [0, None])
async def test_without_a_grace_no_frame_has_a_number(upstream: Upstream, grace: float | None) -> None:
    async with serving(upstream) as address, connected(address) as client:
        frames = await client.ask(id="t1", grace=grace)
    assert {frame["type"] for frame in frames} == {"delta", "usage"}
    assert not any("seq" in frame for frame in frames)


async def test_a_lost_link_loses_no_word(upstream: Upstream, log: Log) -> None:
    goes_on = asyncio.Event()
    upstream.plays(says_when(goes_on))
    async with serving(upstream) as address:
        async with connected(address) as client:
            run = (await started(client))["run"]
            first = await client.receive()
            lost(client)
        await log.line("run", happening="lost")
        goes_on.set()
        async with connected(address) as client:
            await client.send(type="resume", run=run, after=first["seq"], id="again")
            rest = await client.until_end("again")
    assert text_of([first, *rest]) == "Hello world"
    assert [frame["seq"] for frame in rest] == [3, 4]
    assert rest[-1]["finish_reason"] == "stop"
    assert len(upstream.exchanges) == 1


async def test_a_resume_after_any_number_sends_the_same_frames_again(upstream: Upstream) -> None:
    pieces = ["a", "é", "€", "𝄞", "\u2028", '"\\', "\n", "x" * 20_000, "end"]
    upstream.plays(says(*pieces, thoughts=["hm", "so"]))
    async with serving(upstream) as address, connected(address) as client:
        whole = await client.ask(id="t1", grace=60, thinking="low")
        run = whole[0]["run"]
        for after in range(len(whole)):
            await client.send(type="resume", run=run, after=after)
            rest = await client.until_end()
            received = [frame for frame in whole if frame["seq"] <= after]
            assert text_of([*received, *rest]) == "".join(pieces)
            assert text_of([*received, *rest], "thought") == "hmso"
            assert rest[-1] == whole[-1]
            assert sum(frame["type"] == "started" for frame in [*received, *rest]) == 1
            assert len({frame["seq"] for frame in rest}) == len(rest)
    assert len(upstream.exchanges) == 1


async def close_frame(client: Client) -> None:
    await client.socket.close(1000)


async def close_frame_without_a_code(client: Client) -> None:
    client.socket.transport.write(bytes([0x88, 0x80, 0, 0, 0, 0]))


def floods_until(enough: asyncio.Event) -> Callable[[Exchange], Awaitable[None]]:
    """A script that sends without end, until it has to say no more."""

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        while not enough.is_set():
            await exchange.text("x" * 65_536)

    return script


async def reach(phase: str, client: Client, exchange: Exchange) -> None:
    """Wait until the turn is in this phase."""
    if phase == "between tokens":
        assert (await client.receive())["text"] == "Hello"
    elif phase == "blocked in a send":
        await until_blocked(exchange)
    elif phase == "in a retry's back-off":
        await asyncio.wait_for(exchange.closed.wait(), 1)
    elif phase == "while its client thinks":
        assert (await client.receive())["type"] == "tool_call"
        await exchange.closes()


@pytest.mark.parametrize("leave", [close_frame, close_frame_without_a_code])
@pytest.mark.parametrize("phase", SOCKET_PHASES)
async def test_a_close_on_purpose_ends_the_turn_at_once(
    upstream: Upstream, log: Log, phase: str, leave: Callable[[Client], Awaitable[None]]
) -> None:
    upstream.plays(SOCKET_PHASES[phase])
    async with serving(upstream, retry_max_delay=30, retries=9) as address:
        async with connected(address, close_timeout=0.1, max_queue=1, ping_interval=None) as client:
            await started(client, tools=TOOLS)
            exchange = await upstream.wait_for_request()
            await reach(phase, client, exchange)
            await leave(client)
            await exchange.closes()
        line = await log.line("turn_ended")
    assert (line["end"], line["reason"]) == ("cancelled", "client_gone")
    assert len(upstream.exchanges) == 1


@pytest.mark.parametrize("code, happening", [(1001, "away"), (None, "lost")])
@pytest.mark.parametrize("phase", SOCKET_PHASES)
async def test_a_lost_run_is_resumed_and_stopped_from_another_socket(
    upstream: Upstream, log: Log, phase: str, code: int | None, happening: str
) -> None:
    is_blocked = asyncio.Event()
    upstream.plays(floods_until(is_blocked) if phase == "blocked in a send" else SOCKET_PHASES[phase])
    async with serving(upstream, retry_max_delay=30, retries=9, max_answer_chars=10**8) as address:
        async with connected(address, close_timeout=0.1, max_queue=1, ping_interval=None) as client:
            run = (await started(client, tools=TOOLS))["run"]
            exchange = await upstream.wait_for_request()
            await reach(phase, client, exchange)
            is_blocked.set()
            if code is None:
                lost(client)
            else:
                await client.socket.close(code)
        await log.line("run", happening=happening)
        if phase not in ("in a retry's back-off", "while its client thinks"):
            assert not exchange.closed.is_set()
        async with connected(address, max_size=None) as listener, connected(address) as other:
            await listener.send(type="resume", run=run)
            assert (await listener.receive())["type"] == "started"
            await other.send(type="cancel", run=run)
            await exchange.closes()
            end = (await listener.until_end("t1"))[-1]
        line = await log.line("turn_ended")
    assert (end["type"], end["finish_reason"]) == ("usage", "cancelled")
    assert (line["end"], line["reason"]) == ("cancelled", "user_cancel")
    assert len(upstream.exchanges) == 1


async def test_a_resumed_listener_receives_the_calls_again_and_sends_results(upstream: Upstream, log: Log) -> None:
    upstream.plays(calls(call("clock", {}, named="c1", signature="s")), says("Done."))
    async with serving(upstream) as address:
        async with connected(address, close_timeout=0.1, ping_interval=None) as client:
            run = (await started(client, tools=TOOLS))["run"]
            assert (await client.receive())["call"] == "c1"
            await (await upstream.wait_for_request()).closes()
            lost(client)
        await log.line("run", happening="lost")
        async with aiohttp.ClientSession(f"http://{address}") as http, http.get("/runs") as listed:
            assert [one["state"] for one in (await listed.json())["runs"]] == ["waiting"]
        async with connected(address) as listener:
            await listener.send(type="resume", run=run, id="mine")
            _, called = await listener.receive(), await listener.receive()
            assert (called["type"], called["id"], called["seq"]) == ("tool_call", "mine", 2)
            await listener.send(type="tool_result", id="mine", call="x", result=1)
            refused = await listener.receive()
            assert (refused["code"], refused["field"]) == ("invalid_frame", "call")
            await listener.send(type="tool_result", id="mine", call="c1", result=1)
            assert text_of(await listener.until_end("mine")) == "Done."


async def test_a_run_that_nobody_comes_back_to_ends_with_its_grace(upstream: Upstream, log: Log) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream) as address:
        async with connected(address) as client:
            run = (await started(client, grace=0.3))["run"]
            exchange = await upstream.wait_for_request()
            await client.receive()
            lost(client)
        await asyncio.wait_for(exchange.closed.wait(), 5)
        line = await log.line("turn_ended")
        async with connected(address) as client:
            await client.send(type="resume", run=run, after=1)
            delta, end = await client.until_end()
    assert (line["end"], line["reason"]) == ("cancelled", "expired")
    assert (delta["text"], end["finish_reason"]) == ("Hello", "cancelled")


async def test_every_listener_gets_every_frame_and_the_end_of_a_cancel(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream) as address, connected(address) as one, connected(address) as two:
        run = (await started(one))["run"]
        assert (await one.receive())["text"] == "Hello"
        await two.send(type="resume", run=run, id="here")
        assert [(await two.receive())["type"] for _ in range(2)] == ["started", "delta"]
        await two.send(type="cancel", id="here")
        [end] = await one.until_end()
        [same] = await two.until_end()
    assert end == {**same, "id": "t1"}
    assert end["finish_reason"] == "cancelled"


async def test_the_same_chat_again_asks_once_and_another_body_asks_again(upstream: Upstream, log: Log) -> None:
    goes_on = asyncio.Event()
    upstream.plays(says_when(goes_on))
    async with serving(upstream) as address:
        async with connected(address) as client:
            await client.chat("one", id="t1", grace=60)
            await upstream.wait_for_request()
            lost(client)  # before its first frame was read
        await log.line("run", happening="lost")
        async with connected(address) as client:
            first = await started(client, message="one")
            await client.chat("two", id="t1", grace=60)
            refused = (await client.receive(), await client.receive())
            goes_on.set()
            frames = await client.until_end("t1")
            assert len(upstream.exchanges) == 1
            again = await client.ask("one", id="t1", grace=60)
            other = await client.ask("two", id="t1", grace=60)
    assert [frame.get("code") for frame in refused if frame["type"] == "error"] == ["duplicate_turn"]
    assert frames[-1]["type"] == "usage"
    assert again[0] == first
    assert text_of(again) == "Hello world"
    assert other[0]["run"] != first["run"]
    assert len(upstream.exchanges) == 2


async def test_a_run_counts_once_among_the_turns_at_once_listened_to_or_not(upstream: Upstream, log: Log) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream, turns_at_once=1) as address:
        async with connected(address) as client:
            run = (await started(client))["run"]
            assert (await client.receive())["seq"] == 2
            lost(client)
        await log.line("run", happening="lost")
        async with connected(address) as client:
            for _ in range(2):
                refused = (await client.ask("two", id="t2"))[-1]
                assert (refused["code"], refused["id"]) == ("rate_limited", "t2")
                await client.send(type="resume", run=run, after=2)
            assert (await client.receive())["code"] == "duplicate_turn"
            await client.send(type="cancel", run=run)
            assert (await client.until_end("t1"))[-1]["finish_reason"] == "cancelled"
            upstream.plays(says("Hello"))
            assert (await client.ask("two", id="t2"))[-1]["type"] == "usage"


async def test_a_slow_listener_is_cut_off_and_the_others_do_not_notice(upstream: Upstream, log: Log) -> None:
    begins, ends = asyncio.Event(), asyncio.Event()

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        await begins.wait()
        for _ in range(140):
            await exchange.text("x" * 65_536)
        await ends.wait()
        await exchange.text("", finish="STOP")
        await exchange.finish()

    upstream.plays(script)
    async with serving(upstream, send_timeout=0.5) as address:
        async with connected(address, max_size=None, max_queue=None, ping_interval=None) as client:
            run = (await started(client))["run"]
            reader, writer = await raw_socket(address)
            slow = Listener(reader, writer)
            writer.write(masked(b'{"type":"resume","run":"%b"}' % run.encode()))
            await log.line("run", happening="resumed")
            begins.set()
            await log.line("run", happening="lost")
            ends.set()
            frames = await client.until_end()
            slow.drop()
    assert len(text_of(frames)) == 140 * 65_536
    assert frames[-1]["finish_reason"] == "stop"


async def test_a_run_of_another_caller_is_not_found_and_a_forgotten_one_is_gone(upstream: Upstream, log: Log) -> None:
    keys = {"ada": "a" * 40, "bob": "b" * 40}
    pairs = ",".join(f"{name}:{sha256(key.encode()).hexdigest()}" for name, key in keys.items())
    headers = {name: {"Authorization": f"Bearer {key}"} for name, key in keys.items()}
    async with serving(upstream, api_keys=pairs, max_detached_bytes=6_000) as address:
        async with (
            connected(address, additional_headers=headers["ada"]) as ada,
            connected(address, additional_headers=headers["bob"]) as bob,
        ):
            run = (await ada.ask(id="t1", grace=60))[0]["run"]
            for frame in ({"type": "resume"}, {"type": "cancel"}):
                await bob.send(**frame, run=run)
                refused = await bob.receive()
                assert (refused["code"], refused["id"], refused["ref"]) == ("not_found", None, run)
            await ada.ask(id="t2", grace=60)  # there is no room for two
            await log.line("run", happening="evicted")
            for frame in ({"type": "resume", "id": "here"}, {"type": "cancel"}):
                await ada.send(**frame, run=run)
                refused = await ada.receive()
                assert (refused["code"], refused["id"], refused["retryable"]) == ("gone", None, False)
                assert refused["ref"] == frame.get("id", run)
            await bob.send(type="resume", run=run)
            assert (await bob.receive())["code"] == "not_found"


async def test_a_run_of_a_server_that_is_gone_says_why_it_cannot_be_found(upstream: Upstream) -> None:
    async with serving(upstream) as address, connected(address) as client:
        run = (await client.ask(id="t1", grace=60))[0]["run"]
    async with serving(upstream) as address, connected(address) as client:
        await client.send(type="resume", run=run)
        refused = await client.receive()
    assert refused["code"] == "gone"
    assert "REDIS_URL" in refused["message"]


@pytest.mark.parametrize("bound, grace", [(0, 1), (5, 5.5), (5, -1), (5, "60")])
async def test_a_grace_that_is_not_allowed_is_refused_by_name(upstream: Upstream, bound: float, grace: object) -> None:
    async with serving(upstream, max_grace=bound) as address, connected(address) as client:
        refused = (await client.ask(id="t1", grace=grace))[-1]
    assert (refused["code"], refused["field"], refused["id"]) == ("invalid_frame", "grace", "t1")
    assert upstream.exchanges == []


async def test_a_turn_with_grace_is_refused_as_any_other(upstream: Upstream) -> None:
    async with serving(upstream) as address, connected(address) as client:
        [unknown] = await client.ask(id="t1", grace=5, model="gemini-9")
        [missing] = await client.ask(id="t2", grace=5, conversation="nowhere")
        assert (unknown["code"], unknown["id"]) == ("unknown_model", "t1")
        assert (missing["code"], missing["id"]) == ("not_found", "t2")
        assert not {"seq"} & {*unknown, *missing}
        assert (await client.ask(id="t2", grace=5))[-1]["type"] == "usage"


@pytest.mark.parametrize(
    "frame, code, field",
    [
        ({"type": "resume", "run": "short"}, "invalid_frame", "run"),
        ({"type": "resume"}, "invalid_frame", "run"),
        ({"type": "resume", "run": "RUN", "after": 5}, "invalid_frame", "after"),
        ({"type": "resume", "run": "RUN", "after": -1}, "invalid_frame", "after"),
        ({"type": "resume", "run": "RUN", "after": 1.5}, "invalid_frame", "after"),
        ({"type": "resume", "run": "RUN", "more": 1}, "invalid_frame", "more"),
        ({"type": "resume", "run": "x" * 38}, "not_found", "run"),
        ({"type": "cancel", "run": "x" * 38}, "not_found", "run"),
        ({"type": "cancel", "run": "RUN", "id": "t1"}, "invalid_frame", "run"),
    ],
)
async def test_a_frame_that_names_no_run_is_refused(upstream: Upstream, frame: Frame, code: str, field: str) -> None:
    async with serving(upstream) as address, connected(address) as client:
        run = (await client.ask(id="t1", grace=60))[0]["run"]
        await client.send(**{name: run if value == "RUN" else value for name, value in frame.items()})
        refused = await client.receive()
        assert (refused["code"], refused["field"], refused["id"]) == (code, field, None)


async def test_a_cancelled_run_that_has_ended_says_nothing(upstream: Upstream) -> None:
    async with serving(upstream) as address, connected(address) as client:
        run = (await client.ask(id="t1", grace=60))[0]["run"]
        await client.send(type="cancel", run=run)
        assert (await client.ask(id="t2"))[0]["type"] == "delta"


async def test_the_exchange_is_remembered_by_the_socket_that_asked(upstream: Upstream) -> None:
    async with serving(upstream) as address, connected(address) as client, connected(address) as other:
        run = (await client.ask("one", grace=60))[0]["run"]
        await other.send(type="resume", run=run)
        await other.until_end()
        await client.ask("two")
        await other.ask("three")
    assert [exchange.texts for exchange in upstream.exchanges] == [["one"], ["one", "Hello world", "two"], ["three"]]


async def test_the_exchange_is_remembered_by_the_socket_that_came_back(upstream: Upstream, log: Log) -> None:
    goes_on = asyncio.Event()
    upstream.plays(says_when(goes_on), says("more"))
    async with serving(upstream) as address:
        async with connected(address) as client:
            run = (await started(client, message="one"))["run"]
            lost(client)
        await log.line("run", happening="lost")
        async with connected(address) as client:
            await client.send(type="resume", run=run)
            await client.receive()
            goes_on.set()
            await client.until_end()
            await client.ask("two")
    assert upstream.exchanges[1].texts == ["one", "Hello world", "two"]


async def test_a_drain_lets_a_run_end_that_nobody_listens_to(upstream: Upstream, log: Log) -> None:
    goes_on = asyncio.Event()
    upstream.plays(says_when(goes_on))
    async with serving(upstream, drain_timeout=5) as address:
        async with connected(address) as client:
            await started(client)
            await client.receive()
            lost(client)
        await log.line("run", happening="lost")
        asyncio.get_running_loop().call_later(0.2, goes_on.set)
    line = await log.line("turn_ended")
    assert line["end"] == "stop"


async def test_nothing_is_left_of_a_run_once_it_is_forgotten(upstream: Upstream, log: Log) -> None:
    before = asyncio.all_tasks()
    async with serving(upstream) as address:
        async with connected(address) as client:
            run = (await client.ask(id="t1", grace=0.2))[0]["run"]
            await asyncio.sleep(0.3)
            await client.send(type="resume", run=run)
            assert (await client.receive())["code"] == "gone"
    assert asyncio.all_tasks() - before == upstream._tasks
