"""Runs of other processes: the same suite in memory and on a real Valkey."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from support import functions
from support.client import connected, text_of
from support.fake_runs import CALLER, GRACE, FakeListener, Scene
from support.fake_upstream import FakeStream, FakeUpstream, calls
from support.log import Log
from support.memory_runs import MemoryRunStore
from support.redis import RedisServer
from support.serving import serving
from support.upstream import Upstream, says, says_and_is_silent, says_when

from deltawire.chat.runs.elsewhere.redis_store import RedisRunStore
from deltawire.chat.runs.elsewhere.remote import RemoteCursor, RemoteRun
from deltawire.chat.runs.elsewhere.store import RunStore
from deltawire.chat.runs.run import Run
from deltawire.chat.runs.states import Departure, RunState
from deltawire.gemini.events import Text
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Started
from deltawire.protocol.tools import ToolAnswer


class Stores(NamedTuple):
    """A way to give each process a store, and to see what is left in it."""

    make: Callable[[], RunStore]
    left: Callable[[], Awaitable[list[str]]]


@pytest.fixture(params=["memory", "valkey"])
async def stores(request: pytest.FixtureRequest, redis: RedisServer) -> Stores:
    if request.param == "memory":
        memory = MemoryRunStore()

        async def left_in_memory() -> list[str]:
            return memory.left()

        return Stores(lambda: memory, left_in_memory)

    async def left() -> list[str]:
        async with redis.client() as client:
            return sorted(await client.keys("*"))

    return Stores(lambda: RedisRunStore(redis.url), left)


class Pair(NamedTuple):
    """Two processes: a run in the first, whose stream the test speaks, and one that may ask."""

    here: Scene
    there: Scene
    stream: FakeStream
    run: Run


@asynccontextmanager
async def pair_of(stores: Stores) -> AsyncIterator[Pair]:
    stream = FakeStream()
    here = Scene(FakeUpstream(stream, None), store=stores.make())
    there = Scene(FakeUpstream(), store=stores.make())
    run = await here.runs.start(here.request, [], CALLER, None)  # type: ignore[arg-type]
    assert isinstance(run, Run)
    run.wait(GRACE)
    await stream.reads.wait()
    try:
        yield Pair(here, there, stream, run)
    finally:
        for scene in (here, there):
            await scene.runs.close()
        for task in here.runs._tasks:
            task.cancel()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - what it waits for is in another process
            await asyncio.sleep(0.005)


async def test_a_run_is_received_in_another_process_from_any_frame(stores: Stores) -> None:
    async with pair_of(stores) as (here, there, stream, run):
        stream.says(Text("Hel"))
        await until(lambda: run.seq == 2)
        assert not any("stream" in key for key in await stores.left())
        remote = await there.runs.find(run.name, CALLER.name)
        assert (remote.turn, remote.state, remote.seq) == ("t", RunState.STREAMING, 2)
        whole, rest = FakeListener(reads=False), FakeListener(reads=False)
        for listener in (whole, rest):
            listener.reads.opens.set()
        whole.listens(remote)
        rest.listens(remote, 2)
        await until(lambda: len(whole.received) == 2)
        stream.says(Text("lo"))
        stream.finishes()
        await until(lambda: bool(whole.ends and rest.ends))
        assert isinstance(whole.received[0], Started)
        assert (whole.text, rest.text) == ("Hello", "lo")
        assert whole.ends == rest.ends
        assert [frame.seq for frame in rest.received] == [3, 4]
        await asyncio.gather(whole.task, rest.task)
        here.clock.advance(GRACE)
        await until(lambda: run.is_forgotten)
    assert await stores.left() == []


async def test_a_run_is_stopped_from_another_process(stores: Stores) -> None:
    async with pair_of(stores) as (here, there, stream, run):
        listener = FakeListener()
        listener.listens(run)
        remote = await there.runs.find(run.name, CALLER.name)
        remote.stop()
        await until(lambda: stream.is_closed)
        await until(lambda: bool(listener.ends))
        assert here.reason == "user_cancel"


async def test_a_call_is_answered_in_another_process_or_refused_as_there(stores: Stores) -> None:
    async with pair_of(stores) as (here, there, stream, run):
        stream.says(*calls())
        stream.finishes()
        await until(lambda: run.state is RunState.WAITING)
        remote = await there.runs.find(run.name, CALLER.name)
        assert isinstance(remote, RemoteRun)
        assert remote.state is RunState.WAITING
        with pytest.raises(Failure) as failed:
            await remote.give_result(ToolAnswer(call="x", result=1))
        assert (failed.value.code, failed.value.field) == ("invalid_frame", "call")
        later = FakeStream()
        here.upstream.tries = [later]
        later.finishes()
        await remote.give_result(ToolAnswer(call="c1", result={"deep": [1, None]}))
        await until(lambda: run.state is RunState.ENDED)
        *_, exchange = here.upstream.requests[1]
        assert b'{"deep":[1,null]}' in exchange[-1][1]


async def test_a_message_of_a_later_version_does_no_harm(stores: Stores) -> None:
    async with pair_of(stores) as (here, there, stream, run):
        hub = here.runs.hub
        assert hub is not None
        await hub._store.send(here.runs.process, b'{"type":"later"}')
        remote = await there.runs.find(run.name, CALLER.name)
        listener = FakeListener()
        cursor = listener.listens(remote)
        assert isinstance(cursor, RemoteCursor)
        await until(lambda: bool(listener.received))
        await hub._store.append(cursor._listen.stream, [b'{"type":"later"}'])
        await until(lambda: listener.refusal is not None)
        assert listener.refusal is not None
        assert listener.refusal.code == "store_unavailable"
        remote.stop()
        await until(lambda: stream.is_closed)


@pytest.mark.parametrize("departure", list(Departure))
async def test_a_listener_in_another_process_leaves_as_one_in_this(stores: Stores, departure: Departure) -> None:
    async with pair_of(stores) as (here, there, stream, run):
        stream.says(Text("Hello"))
        listener = FakeListener()
        remote = await there.runs.find(run.name, CALLER.name)
        listener.listens(remote)
        await until(lambda: listener.text == "Hello")
        here.clock.advance(10 * GRACE)
        assert not stream.is_closed
        await listener.leaves(remote, departure)
        await until(lambda: departure.value in here.events.happenings)
        here.clock.advance(departure.seconds(GRACE))
        await until(lambda: run.state is RunState.ENDED)
        assert stream.is_closed
        assert here.reason == ("client_gone" if departure is Departure.LEFT else "expired")


async def test_the_same_chat_in_another_process_asks_once_and_it_is_listed_there(stores: Stores) -> None:
    async with pair_of(stores) as (_, there, stream, run):
        await until(lambda: bool(run.seq))
        same = await there.runs.start(there.request, [], CALLER, None)  # type: ignore[arg-type]
        assert same.name == run.name
        assert there.turns == []
        async with asyncio.timeout(60):
            while [one.name for one in await there.runs.live(CALLER.name)] != [run.name]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert await there.runs.live("key:bob") == []
        other = await there.runs.start(ChatRequest(message="ho", id="t", grace=1), [], CALLER, None)  # type: ignore[arg-type]
        assert other.name != run.name
        stream.finishes()
        for task in there.runs._tasks:
            task.cancel()


async def test_a_read_of_a_conversation_asks_other_processes_for_its_runs_alone(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pair_of(stores) as (here, there, _, run):
        chat = ChatRequest(message="hi", id="kept", grace=GRACE, conversation="c")
        kept = await here.runs.start(chat, [], CALLER, None)  # type: ignore[arg-type]
        hub = there.runs.hub
        assert hub is not None
        checked: list[str] = []
        finds = hub.find

        def find(name: str) -> Coroutine[Any, Any, RemoteRun]:
            checked.append(name)
            return finds(name)

        monkeypatch.setattr(hub, "find", find)
        async with asyncio.timeout(60):
            while len(await there.runs.live(CALLER.name)) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert {run.name, kept.name} == set(checked)
        checked.clear()
        assert [one.name for one in await there.runs.live(CALLER.name, "c")] == [kept.name]
        assert await there.runs.live(CALLER.name, "another") == []
        assert checked == [kept.name]


async def test_a_run_whose_process_was_killed_is_gone_within_a_second(stores: Stores) -> None:
    async with pair_of(stores) as (here, there, _, run):
        listener = FakeListener()
        remote = await there.runs.find(run.name, CALLER.name)
        listener.listens(remote)
        await until(lambda: bool(listener.received))
        hub = here.runs.hub
        assert hub is not None
        before = asyncio.get_running_loop().time()
        for loop in hub._loops:
            loop.cancel()
        await until(lambda: listener.refusal is not None)
        assert listener.refusal is not None
        assert listener.refusal.code == "gone"
        with pytest.raises(Failure) as gone:
            await there.runs.find(run.name, CALLER.name)
        assert gone.value.code == "gone"
        assert asyncio.get_running_loop().time() - before < 2, "the promise is a second"
        again = await there.runs.start(there.request, [], CALLER, None)  # type: ignore[arg-type]
        assert again.name != run.name, "the same chat asks again"
        for task in there.runs._tasks:
            task.cancel()


async def test_a_listener_whose_process_was_killed_is_lost(stores: Stores) -> None:
    async with pair_of(stores) as (here, there, stream, run):
        listener = FakeListener()
        listener.listens(await there.runs.find(run.name, CALLER.name))
        await until(lambda: bool(listener.received))
        hub = there.runs.hub
        assert hub is not None
        for task in (*hub._loops, listener.task):
            task.cancel()
        await asyncio.wait({listener.task})
        await until(lambda: "lost" in here.events.happenings)
        here.clock.advance(GRACE)
        await until(lambda: stream.is_closed)


async def test_a_process_that_stops_still_sends_the_end_of_its_runs(stores: Stores) -> None:
    async with pair_of(stores) as (here, there, stream, run):
        listener = FakeListener()
        listener.listens(await there.runs.find(run.name, CALLER.name))
        await until(lambda: bool(listener.received))
        stream.says(Text("Hello"))
        stream.finishes()
        while run.state is not RunState.ENDED:  # noqa: ASYNC110 - in the very step after its end
            await asyncio.sleep(0)
        await here.runs.close()
        await listener.task
        assert (listener.text, len(listener.ends), listener.refusal) == ("Hello", 1, None)


async def test_a_reader_that_takes_nothing_does_not_fill_the_store(stores: Stores) -> None:
    async with pair_of(stores) as (_, there, stream, run):
        listener = FakeListener(reads=False)
        listener.listens(await there.runs.find(run.name, CALLER.name))
        await until(listener.reads.reached.is_set)
        for _ in range(2_000):
            stream.says(Text("x" * 10))
        await until(lambda: run.seq == 2_001)
        stream.finishes()
        listener.reads.opens.set()
        await listener.task
        assert (len(listener.text), len(listener.ends)) == (20_000, 1)


async def test_a_reader_whose_stream_the_store_has_lost_misses_no_frame_silently(stores: Stores) -> None:
    async with pair_of(stores) as (_, there, stream, run):
        listener = FakeListener(reads=False)
        remote = await there.runs.find(run.name, CALLER.name)
        cursor = listener.listens(remote)
        assert isinstance(cursor, RemoteCursor)
        await until(listener.reads.reached.is_set)
        stream.says(Text("Hel"))
        async with asyncio.timeout(60):
            while not await cursor._store.length(cursor._listen.stream):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await cursor._store.remove(cursor._listen.stream)  # as one that runs out of memory does
        stream.says(Text("lo"))
        stream.finishes()
        listener.reads.opens.set()
        await listener.task
        assert listener.refusal is not None
        assert (listener.refusal.code, listener.text) == ("store_unavailable", "")
        later = FakeListener()
        later.listens(remote, 1)
        await until(lambda: bool(later.ends))
        assert later.text == "Hello"


async def test_another_callers_run_is_not_found_in_any_process(stores: Stores) -> None:
    async with pair_of(stores) as (_, there, _, run):
        with pytest.raises(Failure) as refused:
            await there.runs.find(run.name, "key:bob")
        assert refused.value.code == "not_found"


async def test_a_socket_of_another_server_resumes_and_stops_a_run(
    upstream: Upstream, redis: RedisServer, log: Log
) -> None:
    goes_on = asyncio.Event()
    upstream.plays(says_when(goes_on), says_and_is_silent("Hello"))
    async with serving(upstream, redis_url=redis.url) as one, serving(upstream, redis_url=redis.url) as two:
        async with connected(one) as client:
            await client.chat(id="t1", grace=60)
            first = [await client.receive() for _ in range(2)]
            client.socket.transport.abort()
        await log.line("run", happening="lost")
        async with connected(two) as client:
            await client.send(type="resume", run=first[0]["run"], after=2, id="here")
            await log.line("run", happening="resumed")
            goes_on.set()
            rest = await client.until_end("here")
            assert text_of([*first, *rest]) == "Hello world"
            assert rest[-1]["finish_reason"] == "stop"
        async with connected(one) as asker, connected(two) as client:
            await asker.chat(id="t2", grace=60)
            run = (await asker.receive())["run"]
            exchange = await upstream.wait_for_request(2)
            await client.send(type="cancel", run=run)
            await asyncio.wait_for(exchange.closed.wait(), 1)
            assert (await asker.until_end())[-1]["finish_reason"] == "cancelled"
            await client.send(type="resume", run="x" * 38)
            assert (await client.receive())["code"] == "not_found"


@pytest.mark.parametrize("name", ["here", None])
async def test_a_result_right_after_a_resume_waits_until_the_run_is_found_on_the_other_server(
    upstream: Upstream, redis: RedisServer, log: Log, name: str | None
) -> None:
    upstream.plays(functions.calls(functions.call("clock", {}, named="c1", signature="s")), says("Noon."))
    async with serving(upstream, redis_url=redis.url) as one, serving(upstream, redis_url=redis.url) as two:
        async with connected(one) as client:
            await client.chat(id="t1", grace=60, tools=functions.TOOLS)
            first = [await client.receive() for _ in range(2)]
            client.socket.transport.abort()
        await log.line("run", happening="lost")
        async with connected(two) as client:
            await client.send(type="resume", run=first[0]["run"], after=2, **({"id": name} if name else {}))
            await client.send(type="tool_result", id=name or "t1", call="c1", result=1)
            assert text_of(await client.until_end(name or "t1")) == "Noon."
            await client.send(type="resume", run="x" * 38, id="nowhere")
            await client.send(type="tool_result", id="nowhere", call="c1", result=1)
            codes = {(await client.receive())["code"] for _ in range(2)}
            assert codes == {"not_found", "unknown_turn"}


async def test_a_chat_can_be_stopped_and_has_its_id_before_other_servers_were_asked(
    upstream: Upstream, redis: RedisServer
) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream, redis_url=redis.url) as address, connected(address) as client:
        await client.chat("one", id="t1", grace=60)
        await client.chat("two", id="t1", grace=60)
        await client.send(type="cancel", id="t1")
        frames = [await client.receive()]
        while frames[-1]["type"] != "usage":
            frames.append(await client.receive())
        [refused], end = [frame for frame in frames if frame["type"] == "error"], frames[-1]
        assert (refused["code"], refused["id"], refused["ref"]) == ("duplicate_turn", None, "t1")
        assert end["finish_reason"] == "cancelled"
        for number in range(9):
            await client.chat("one", id=f"u{number}", grace=60)
        refused = await client.receive()
        while refused["type"] != "error":
            refused = await client.receive()
        assert (refused["code"], refused["id"]) == ("too_many_turns", "u8"), "what is to come counts"


async def test_a_refused_resume_ends_no_turn_on_any_server(upstream: Upstream, redis: RedisServer) -> None:
    upstream.plays(says_and_is_silent("x" * 20_000, "y" * 20_000))
    few = {"redis_url": redis.url, "max_detached_bytes": 6_000}
    async with serving(upstream, **few) as one, serving(upstream, **few) as two:
        async with connected(one) as asker:
            await asker.chat(id="t1", grace=60)
            run = (await asker.receive())["run"]
            await asker.receive()
            await asker.receive()
            for address in (one, two):
                async with connected(address) as client:
                    await client.send(type="resume", run=run, id="here")
                    refused = await client.receive()
                    assert (refused["code"], refused["id"], refused["ref"]) == ("gone", None, "here")


async def test_a_run_that_is_out_of_reach_for_a_while_is_not_reported_as_ended(
    upstream: Upstream, redis: RedisServer
) -> None:
    goes_on = asyncio.Event()
    upstream.plays(says_when(goes_on))
    async with serving(upstream, redis_url=redis.url) as one, serving(upstream, redis_url=redis.url) as two:
        async with connected(one) as asker, connected(two) as client:
            await asker.chat(id="t1", grace=60)
            run = (await asker.receive())["run"]
            await client.send(type="resume", run=run, id="here")
            await client.receive()
            async with redis.client() as store:
                [stream] = await store.keys("deltawire:run:stream:*")
                await store.xadd(stream, {"f": "what nobody can read"})
            while (frame := await client.receive())["type"] == "delta":
                pass
            assert (frame["code"], frame["id"], frame["ref"]) == ("store_unavailable", None, "here")
            await client.send(type="resume", run=run, id="here")
            goes_on.set()
            frames = await client.until_end("here")
    assert text_of(frames) == "Hello world"
    assert frames[-1]["finish_reason"] == "stop"
