"""One socket: its turns, its memory, its frames."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from support.client import Client, connected, text_of
from support.serving import sharing
from support.upstream import AT_ONCE, Exchange, Upstream, says, says_and_is_silent
from websockets.exceptions import ConnectionClosed


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[Client]:
    async with sharing(upstream) as address, connected(address) as client:
        yield client


async def test_a_turn_is_deltas_and_then_one_usage(client: Client) -> None:
    *deltas, usage = await client.ask("hi", id="t1")
    assert {frame["type"] for frame in deltas} == {"delta"}
    assert text_of(deltas) == "Hello world"
    assert list(usage)[:2] == ["type", "id"]
    assert usage["type"] == "usage"
    assert usage["finish_reason"] == "stop"
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (3, 2, 5)
    assert usage["measured"] == "reported"
    assert usage["cost_usd"] > 0
    assert 0 <= usage["first_delta_ms"] <= usage["duration_ms"]


async def test_the_server_names_a_turn_that_the_client_did_not(client: Client) -> None:
    first, second = await client.ask(), await client.ask()
    names = {frame["id"] for frame in first}
    assert len(names) == 1
    assert names.isdisjoint(frame["id"] for frame in second)


async def test_an_id_may_be_used_again_once_its_turn_has_ended(client: Client) -> None:
    for _ in range(2):
        assert (await client.ask(id="again"))[-1]["type"] == "usage"


async def test_turns_run_side_by_side_and_keep_their_order(client: Client, upstream: Upstream) -> None:
    gate = asyncio.Event()

    async def waits(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text("slow ")
        await gate.wait()
        await exchange.text("answer", finish="STOP")
        await exchange.finish()

    upstream.plays(waits, says("quick"))
    await client.chat(id="slow")
    await upstream.wait_for_request(1)
    assert text_of(await client.ask(id="quick")) == "quick"
    gate.set()
    assert text_of(await client.until_end("slow")) == "answer"


async def test_the_second_turn_is_asked_with_the_first(client: Client, upstream: Upstream) -> None:
    await client.ask("one")
    await client.ask("two")
    assert (await upstream.wait_for_request(2)).texts == ["one", "Hello world", "two"]
    assert [content["role"] for content in upstream.exchanges[1].body["contents"]] == ["user", "model", "user"]


async def test_a_turn_with_its_own_history_neither_reads_nor_writes_the_sockets(
    client: Client, upstream: Upstream
) -> None:
    await client.ask("one")
    await client.ask("two", history=[{"role": "user", "text": "mine"}, {"role": "model", "text": "yours"}])
    await client.ask("three", history=[])
    await client.ask("four")
    histories = [exchange.texts for exchange in upstream.exchanges]
    assert histories[1:] == [["mine", "yours", "two"], ["three"], ["one", "Hello world", "four"]]


async def test_settings_and_system_are_sent_once_and_not_remembered(client: Client, upstream: Upstream) -> None:
    await client.ask("one", system="be brief", temperature=0.5)
    await client.ask("two")
    first, second = (exchange.body for exchange in upstream.exchanges)
    assert first["systemInstruction"] == {"parts": [{"text": "be brief"}]}
    assert first["generationConfig"] == {"temperature": 0.5}
    assert "systemInstruction" not in second
    assert "generationConfig" not in second


async def test_what_was_delivered_of_a_cancelled_turn_is_remembered(client: Client, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("half an "), says("whole"))
    await client.chat("one", id="t1")
    assert (await client.receive())["text"] == "half an "
    await client.send(type="cancel", id="t1")
    await client.until_end("t1")
    await client.ask("two")
    assert upstream.exchanges[1].texts == ["one", "half an ", "two"]


async def test_a_turn_that_delivered_nothing_is_not_remembered(client: Client, upstream: Upstream) -> None:
    upstream.plays(says(finish="SAFETY"), says("whole"))
    assert (await client.ask("one"))[-1]["finish_reason"] == "safety"
    await client.ask("two")
    assert upstream.exchanges[1].texts == ["two"]


async def test_turns_are_remembered_in_the_order_in_which_they_ended(client: Client, upstream: Upstream) -> None:
    gate = asyncio.Event()

    async def waits(exchange: Exchange) -> None:
        await exchange.start()
        await gate.wait()
        await exchange.text("A", finish="STOP")
        await exchange.finish()

    upstream.plays(waits, says("B"), says("C"))
    await client.chat("a", id="a")
    await upstream.wait_for_request(1)
    await client.ask("b", id="b")
    gate.set()
    await client.until_end("a")
    await client.ask("c")
    assert upstream.exchanges[2].texts == ["b", "B", "a", "A", "c"]


async def test_a_history_keeps_the_newest_whole_turns(upstream: Upstream) -> None:
    upstream.plays(says("x" * 30))
    async with sharing(upstream, max_history_chars=70) as address, connected(address) as client:
        for message in ("first", "second", "third", "fourth"):
            await client.ask(message)
    assert upstream.exchanges[3].texts == ["third", "x" * 30, "fourth"]


async def test_histories_over_their_bound_are_dropped_oldest_socket_first(upstream: Upstream) -> None:
    upstream.plays(says("x" * 3000))
    async with (
        sharing(upstream, max_memory_bytes=17_000) as address,
        connected(address) as oldest,
        connected(address) as middle,
        connected(address) as newest,
    ):
        questions = [(oldest, "one"), (middle, "two"), (middle, "three"), (newest, "four"), (newest, "five")]
        for client, question in [*questions, (newest, "six")]:
            await client.ask(question)
        await middle.ask("seven")
        assert upstream.exchanges[6].texts[0] == "two"
        [delta, _] = await oldest.ask("eight")
        assert delta["type"] == "delta", "a client of before `ref` and `grace` is told nothing new"
        assert upstream.exchanges[7].texts == ["eight"]


async def test_a_cancelled_turn_ends_in_usage_that_says_so(client: Client, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    await client.chat(id="t1")
    await client.receive()
    await client.send(type="cancel", id="t1")
    [usage] = await client.until_end("t1")
    assert usage["type"] == "usage"
    assert usage["finish_reason"] == "cancelled"
    assert usage["measured"] == "unknown"
    assert usage["output_tokens"] is None
    await upstream.exchanges[0].closes()


async def test_the_last_running_counts_of_a_cancelled_turn_are_partial(client: Client, upstream: Upstream) -> None:
    async def counts_and_is_silent(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text("a", usage={"promptTokenCount": 9, "candidatesTokenCount": 1, "totalTokenCount": 10})
        await exchange.text("b", usage={"promptTokenCount": 9, "totalTokenCount": 13, "thoughtsTokenCount": 2})

    upstream.plays(counts_and_is_silent)
    await client.chat(id="t1")
    received = ""
    while received != "ab":
        received += (await client.receive())["text"]
    await client.send(type="cancel")
    [usage] = await client.until_end("t1")
    assert usage["measured"] == "partial"
    assert [usage[f"{kind}_tokens"] for kind in ("input", "output", "thought", "total")] == [9, 2, 2, 13]


async def test_a_cancel_without_an_id_ends_every_turn(client: Client, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("..."))
    for name in ("a", "b", "c"):
        await client.chat(id=name)
    await upstream.wait_for_request(3)
    await client.send(type="cancel")
    ended: set[str] = set()
    while len(ended) < 3:
        frame = await client.receive()
        if frame["type"] == "usage":
            assert frame["finish_reason"] == "cancelled"
            ended.add(frame["id"])
    assert ended == {"a", "b", "c"}


async def test_a_cancel_for_no_turn_names_it(client: Client) -> None:
    await client.send(type="cancel", id="nobody")
    error = await client.receive()
    assert (error["code"], error["id"], error["ref"], error["field"]) == ("unknown_turn", None, "nobody", "id")


async def test_a_running_id_is_refused_and_its_turn_goes_on(client: Client, upstream: Upstream) -> None:
    gate = asyncio.Event()

    async def waits(exchange: Exchange) -> None:
        await exchange.start()
        await gate.wait()
        await exchange.text("still here", finish="STOP")
        await exchange.finish()

    upstream.plays(waits)
    await client.chat(id="t1")
    await upstream.wait_for_request(1)
    await client.chat(id="t1")
    error = await client.receive()
    assert (error["code"], error["id"], error["ref"], error["field"]) == ("duplicate_turn", None, "t1", "id")
    gate.set()
    frames = await client.until_end("t1")
    assert text_of(frames) == "still here"
    assert len(upstream.exchanges) == 1


async def test_a_bad_frame_with_a_running_id_does_not_end_that_turn(client: Client, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("going"))
    await client.chat(id="t1")
    await client.receive()
    await client.chat(id="t1", temperature=9)
    error = await client.receive()
    assert (error["code"], error["id"], error["ref"], error["field"]) == ("invalid_frame", None, "t1", "temperature")
    await client.send(type="cancel", id="t1")
    assert (await client.until_end("t1"))[-1]["finish_reason"] == "cancelled"


async def test_a_socket_runs_so_many_turns_and_no_more(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("..."))
    async with sharing(upstream, max_turns_per_socket=2) as address, connected(address) as client:
        for name in ("a", "b"):
            await client.chat(id=name)
        await upstream.wait_for_request(2)
        error = (await client.ask(id="c"))[-1]
        assert (error["code"], error["id"], error["retryable"]) == ("too_many_turns", "c", True)
        await client.send(type="cancel", id="a")
        assert (await client.until_end("a"))[-1]["type"] == "usage"
        await client.chat(id="c")
        await upstream.wait_for_request(3)


async def test_a_server_runs_so_many_turns_and_no_more(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("..."))
    async with sharing(upstream, max_turns=1) as address, connected(address) as one, connected(address) as other:
        await one.chat(id="a")
        await upstream.wait_for_request(1)
        error = (await other.ask(id="b"))[-1]
        assert (error["code"], error["id"], error["retryable"]) == ("overloaded", "b", True)
        await one.socket.close()
        await upstream.exchanges[0].closes()
        upstream.plays(says("room"))
        assert text_of(await other.ask(id="b")) == "room"


BAD_FRAMES = {
    "not JSON": ("{oops", "invalid_json", None),
    "nothing": ("", "invalid_json", None),
    "JSON cut short": ('{"type": "chat", "message": 3', "invalid_json", None),
    "not a number": ('{"type": "chat", "message": "x", "top_p": NaN}', "invalid_json", None),
    "an array": ("[]", "invalid_frame", None),
    "a string": ('"chat"', "invalid_frame", None),
    "no type": ('{"message": "x"}', "invalid_frame", "type"),
    "another type": ('{"type": "shout", "message": "x"}', "invalid_frame", "type"),
    "a type that is a number": ('{"type": 1, "message": "x"}', "invalid_frame", "type"),
    "no message": ('{"type": "chat"}', "invalid_frame", "message"),
    "an empty message": ('{"type": "chat", "message": ""}', "invalid_frame", "message"),
    "a message that is a list": ('{"type": "chat", "message": ["x"]}', "invalid_frame", "message"),
    "a field that is not listed": ('{"type": "chat", "message": "x", "temprature": 1}', "invalid_frame", "temprature"),
    "a field of a later version": ('{"type": "chat", "message": "x", "parent": "y"}', "invalid_frame", "parent"),
    "an unlisted field of cancel": ('{"type": "cancel", "turn": "x"}', "invalid_frame", "turn"),
    "a bad id": ('{"type": "chat", "message": "x", "id": "a b"}', "invalid_frame", "id"),
    "an id with a line break": ('{"type": "chat", "message": "x", "id": "ab\\n"}', "invalid_frame", "id"),
    "an id that is too long": (json.dumps({"type": "chat", "message": "x", "id": "a" * 65}), "invalid_frame", "id"),
    "an empty id": ('{"type": "chat", "message": "x", "id": ""}', "invalid_frame", "id"),
    "a hot temperature": ('{"type": "chat", "message": "x", "temperature": 2.1}', "invalid_frame", "temperature"),
    "a huge temperature": ('{"type": "chat", "message": "x", "temperature": 1e999}', "invalid_frame", "temperature"),
    "a true top_p": ('{"type": "chat", "message": "x", "top_p": true}', "invalid_frame", "top_p"),
    "no output": ('{"type": "chat", "message": "x", "max_output_tokens": 0}', "invalid_frame", "max_output_tokens"),
    "half a token": (
        '{"type": "chat", "message": "x", "max_output_tokens": 1.5}',
        "invalid_frame",
        "max_output_tokens",
    ),
    "no stop strings": ('{"type": "chat", "message": "x", "stop": []}', "invalid_frame", "stop"),
    "six stop strings": (json.dumps({"type": "chat", "message": "x", "stop": list("abcdef")}), "invalid_frame", "stop"),
    "an empty stop string": ('{"type": "chat", "message": "x", "stop": ["a", ""]}', "invalid_frame", "stop[1]"),
    "much thinking": ('{"type": "chat", "message": "x", "thinking": "max"}', "invalid_frame", "thinking"),
    "a history of strings": ('{"type": "chat", "message": "x", "history": ["a"]}', "invalid_frame", "history[0]"),
    "an unknown role": (
        '{"type": "chat", "message": "x", "history": [{"role": "user", "text": "a"}, {"role": "bot", "text": "b"}]}',
        "invalid_frame",
        "history[1].role",
    ),
    "a history without text": (
        '{"type": "chat", "message": "x", "history": [{"role": "user"}]}',
        "invalid_frame",
        "history[0].text",
    ),
    "a history with more": (
        '{"type": "chat", "message": "x", "history": [{"role": "user", "text": "a", "at": 1}]}',
        "invalid_frame",
        "history[0].at",
    ),
    "half a surrogate pair": ('{"type": "chat", "message": "a\\ud800b"}', "invalid_frame", "message"),
    "half a pair in the history": (
        '{"type": "chat", "message": "x", "history": [{"role": "user", "text": "\\udc00"}]}',
        "invalid_frame",
        "history[0].text",
    ),
    "half a pair in a name": ('{"type": "chat", "message": "x", "\\ud800": 1}', "invalid_frame", None),
    "a deep message": (
        '{"type": "chat", "message": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "invalid_frame",
        "message",
    ),
    "a deep field": ('{"type": "chat", "message": "x", "y": ' + "[" * 9_000 + "]" * 9_000 + "}", "invalid_frame", "y"),
    "half a pair above a deep field": (
        '{"type":"chat","message":"\\ud800","x":' + "[" * 480 + "]" * 480 + ',"message":"a"}',
        "invalid_frame",
        None,
    ),
    "a deep frame": ('{"a":' * 100_000 + "1" + "}" * 100_000, "invalid_frame", None),
    "a number too long to read": (
        '{"type": "chat", "message": "x", "max_output_tokens": ' + "9" * 5000 + "}",
        "invalid_frame",
        "max_output_tokens",
    ),
    "a model that is no name": ('{"type": "chat", "message": "x", "model": "../a"}', "invalid_frame", "model"),
    "a model not on offer": ('{"type": "chat", "message": "x", "model": "gemini-9"}', "unknown_model", "model"),
    "a long message": (json.dumps({"type": "chat", "message": "x" * 1001}), "message_too_large", "message"),
    "a long system": (
        json.dumps({"type": "chat", "message": "x", "system": "x" * 1001}),
        "message_too_large",
        "system",
    ),
    "a long history": (
        json.dumps({"type": "chat", "message": "x", "history": [{"role": "user", "text": "x" * 700}] * 3}),
        "message_too_large",
        "history",
    ),
}


@pytest.fixture(scope="module")
async def strict() -> AsyncIterator[tuple[Upstream, str]]:
    async with (
        Upstream() as upstream,
        sharing(upstream, max_message_chars=1000, max_history_chars=2000) as address,
    ):
        yield upstream, address


@pytest.mark.parametrize("kind", BAD_FRAMES)
async def test_bad_input_gets_its_error_and_costs_the_turn_beside_it_nothing(
    strict: tuple[Upstream, str], kind: str
) -> None:
    upstream, address = strict
    text, code, field = BAD_FRAMES[kind]
    gate = asyncio.Event()

    async def waits(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text("be")
        await gate.wait()
        await exchange.text("side", finish="STOP")
        await exchange.finish()

    upstream.plays(waits)
    async with connected(address) as client:
        await client.chat(id="beside")
        beside = (await client.receive())["text"]
        await client.socket.send(text)
        error = await client.receive()
        gate.set()
        assert beside + text_of(await client.until_end("beside")) == "beside"
    assert error["type"] == "error"
    assert (error["code"], error["field"], error["id"], error["ref"]) == (code, field, None, None)
    assert error["retryable"] is False
    assert error["message"]


async def test_a_refused_chat_ends_the_turn_that_it_names(client: Client) -> None:
    [error] = await client.ask(id="t1", temperature=5)
    assert (error["id"], error["ref"], error["code"]) == ("t1", None, "invalid_frame")
    assert error["message"] == "temperature must be a number from 0 to 2."
    assert error["usage"] is None


async def test_many_bad_frames_at_once_are_each_answered_and_cost_no_turn(client: Client, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("going"))
    await client.chat(id="t1")
    await client.receive()
    for number in range(90):
        await client.send(type="cancel", id=f"nobody-{number}")
    assert [(await client.receive())["ref"] for _ in range(90)] == [f"nobody-{number}" for number in range(90)]
    await client.send(type="cancel", id="t1")
    assert (await client.until_end("t1"))[-1]["finish_reason"] == "cancelled"


async def test_a_binary_message_is_refused_and_the_socket_stays_open(client: Client) -> None:
    await client.socket.send(b'{"type": "chat", "message": "hi"}')
    assert (await client.receive())["code"] == "invalid_frame"
    assert text_of(await client.ask()) == "Hello world"


async def test_a_null_field_counts_as_absent(client: Client, upstream: Upstream) -> None:
    assert (await client.ask(temperature=None, history=None, model=None))[-1]["type"] == "usage"
    assert "generationConfig" not in upstream.exchanges[0].body


async def test_a_flood_closes_the_socket_with_1008(upstream: Upstream) -> None:
    async with sharing(upstream, max_frames_per_second=2) as address, connected(address) as client:
        with suppress(ConnectionClosed):
            for _ in range(1000):
                await client.send(type="cancel", id="nobody")
        assert await client.until_closed() == 1008


async def test_an_idle_socket_closes_with_1001_but_not_while_a_turn_runs(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("..."))
    async with sharing(upstream, idle_timeout=0.5) as address, connected(address) as client:
        await client.chat(id="t1")
        await client.receive()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.socket.recv(), 0.8)
        await client.send(type="cancel")
        assert (await client.receive())["finish_reason"] == "cancelled"
        await asyncio.wait_for(client.socket.wait_closed(), AT_ONCE)
        assert client.socket.close_code == 1001
