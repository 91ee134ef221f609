"""A turn with grace over HTTP: its events have ids, it is heard again, asked for its answer, listed and stopped."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from support.client import Frame, connected, text_of
from support.conversations import conversations_of
from support.log import Log
from support.serving import serving
from support.transports import listening, post
from support.upstream import Upstream, says, says_and_is_silent, says_when

QUESTION = {"message": "hi", "id": "t1", "grace": 60}


@asynccontextmanager
async def client(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://{address}", connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield session


async def events(response: aiohttp.ClientResponse, most: int | None = None) -> list[tuple[str, Frame]]:
    """The ids and frames of an event stream, to its end or so many."""
    assert response.status == 200
    assert response.content_type == "text/event-stream"
    found: list[tuple[str, Frame]] = []
    while len(found) != most:
        try:
            event = await response.content.readuntil(b"\n\n")
        except asyncio.IncompleteReadError:
            break
        if not event:
            break
        if not event.startswith(b":"):
            id_line, name, data = event.decode().rstrip("\n").split("\n")
            frame = json.loads(data.removeprefix("data: "))
            assert name == f"event: {frame['type']}"
            assert id_line.startswith("id: ")
            found.append((id_line.removeprefix("id: "), frame))
    return found


async def test_events_of_a_turn_with_grace_have_ids_and_go_on_after_any_of_them(upstream: Upstream) -> None:
    upstream.plays(says("a", "é", "𝄞\u2028", thoughts=["hm"]))
    async with serving(upstream) as address, client(address) as http:
        async with http.post("/chat/stream", json={**QUESTION, "thinking": "low"}) as response:
            whole = await events(response)
        run = whole[0][1]["run"]
        assert [name for name, _ in whole] == [f"{run}:{number}" for number in range(1, len(whole) + 1)]
        for number, (name, _) in enumerate(whole[:-1], 1):
            received = [frame for _, frame in whole[:number]]
            for headers, query in (({"Last-Event-ID": name}, "?after=0"), ({}, f"?after={number}")):
                async with http.get(f"/runs/{run}/events{query}", headers=headers) as response:
                    rest = await events(response)
                assert rest[-1] == whole[-1]
                assert text_of([*received, *(frame for _, frame in rest)]) == "aé𝄞\u2028"
                assert [name for name, _ in rest] == [f"{run}:{frame['seq']}" for _, frame in rest]
        async with http.get(f"/runs/{run}/events", headers={"Last-Event-ID": whole[-1][0]}) as response:
            assert (response.status, await response.read()) == (204, b"")
    assert len(upstream.exchanges) == 1


@pytest.mark.parametrize("path", ["/chat", "/chat/stream"])
async def test_a_lost_request_is_asked_again_and_the_upstream_is_not(upstream: Upstream, log: Log, path: str) -> None:
    goes_on = asyncio.Event()
    upstream.plays(says_when(goes_on))
    async with serving(upstream) as address, client(address) as http:
        listener = await listening(address, path, grace=60)  # type: ignore[arg-type]
        exchange = await upstream.wait_for_request()
        listener.reset()
        await log.line("run", happening="lost")
        assert not exchange.closed.is_set()
        asking = asyncio.ensure_future(http.post(path, json=QUESTION))
        await log.line("run", happening="resumed")
        goes_on.set()
        async with await asking as response:
            if path == "/chat":
                assert (await response.json())["text"] == "Hello world"
            else:
                assert text_of([frame for _, frame in await events(response)]) == "Hello world"
    assert len(upstream.exchanges) == 1


async def test_a_client_that_prefers_so_gets_the_name_of_its_run_at_once_and_its_answer_later(
    upstream: Upstream,
) -> None:
    goes_on = asyncio.Event()
    upstream.plays(says_when(goes_on))
    async with serving(upstream) as address, client(address) as http:
        async with http.post("/chat", json=QUESTION, headers={"Prefer": "wait=5, respond-async"}) as response:
            accepted = await response.json()
            place = response.headers["Location"]
            assert (response.status, response.headers["Preference-Applied"]) == (202, "respond-async")
        assert place == f"/runs/{accepted['run']}"
        async with http.get(place) as response:
            before = await response.json()
        assert list(before) == ["run", "state", "seq", "conversation", "question"]
        assert before["state"] in ("opening", "streaming")
        async with http.get("/runs") as response:
            assert [run["run"] for run in (await response.json())["runs"]] == [accepted["run"]]
        goes_on.set()
        async with http.get(f"{place}/events", params={"after": 1}) as response:
            last = (await events(response))[-1][1]
        async with http.get(place) as response:
            report = await response.json()
        async with http.get("/runs") as response:
            assert await response.json() == {"runs": []}
    assert (report["state"], report["seq"]) == ("ended", last["seq"])
    assert report["answer"]["text"] == "Hello world"
    assert report["answer"]["usage"]["finish_reason"] == "stop"


async def test_a_delete_stops_a_run_and_everybody_who_listens_is_told(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream) as address, client(address) as http, connected(address) as socket:
        async with http.post("/chat/stream", json=QUESTION) as stream:
            run = (await events(stream, 2))[0][1]["run"]
            await socket.send(type="resume", run=run)
            await socket.receive()
            exchange = await upstream.wait_for_request()
            for _ in range(2):
                async with http.delete(f"/runs/{run}") as response:
                    assert (response.status, await response.read()) == (204, b"")
                await exchange.closes()
            [(_, end)] = await events(stream)
        same = (await socket.until_end())[-1]
        async with http.get(f"/runs/{run}") as response:
            report = await response.json()
    assert end == same
    assert end["finish_reason"] == report["answer"]["usage"]["finish_reason"] == "cancelled"


async def test_a_run_is_not_found_gone_or_refused_by_name(upstream: Upstream) -> None:
    async with serving(upstream, max_grace=90) as address, client(address) as http:
        unknown = "x" * 38
        for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/events")):
            async with http.request(method, f"/runs/{unknown}{path}") as response:
                assert (response.status, (await response.json())["code"]) == (404, "not_found")
        async with http.post("/chat", json=QUESTION, headers={"Prefer": "respond-async"}) as response:
            run = (await response.json())["run"]
        async with http.get(f"/runs/{run}/events") as response:
            await events(response)
        for query, headers, field in (
            ("?after=-1", {}, "after"),
            ("?after=99", {}, "after"),
            ("?before=1", {}, "before"),
            ("", {"Last-Event-ID": f"{unknown}:1"}, "Last-Event-ID"),
            ("", {"Last-Event-ID": f"{run}:-1"}, "Last-Event-ID"),
        ):
            async with http.get(f"/runs/{run}/events{query}", headers=headers) as response:
                problem = await response.json()
            assert (problem["status"], problem["code"], problem["field"]) == (400, "invalid_frame", field)
        status, problem, _ = await post(address, "/chat", json.dumps({**QUESTION, "grace": 91}).encode())
        assert (status, problem["field"], problem["id"]) == (400, "grace", "t1")
        status, problem, _ = await post(address, "/chat/stream", json.dumps({**QUESTION, "model": "gemini-9"}).encode())
        assert (status, problem["code"]) == (404, "unknown_model")
        status, problem, _ = await post(address, "/chat", json.dumps({**QUESTION, "conversation": "no"}).encode())
        assert (status, problem["code"], problem["id"]) == (404, "not_found", "t1")
    async with serving(upstream) as address, client(address) as http, http.get(f"/runs/{run}") as response:
        problem = await response.json()
    assert (problem["status"], problem["code"]) == (410, "gone")


async def test_head_does_not_listen(upstream: Upstream, log: Log) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream) as address, client(address) as http:
        async with http.post("/chat", json={**QUESTION, "grace": 0.5}, headers={"Prefer": "respond-async"}) as response:
            run = (await response.json())["run"]
        async with http.head(f"/runs/{run}/events") as response:
            assert (response.status, response.content_type) == (200, "text/event-stream")
        exchange = await upstream.wait_for_request()
        await asyncio.wait_for(exchange.closed.wait(), 5)
        assert (await log.line("turn_ended"))["reason"] == "expired"


async def test_a_conversation_names_its_runs_and_keeps_what_a_lost_one_has_said(upstream: Upstream, log: Log) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream) as address, client(address) as http, conversations_of(address) as stored:
        conversation = await stored.create()
        question: dict[str, Any] = {**QUESTION, "conversation": conversation}
        async with http.post("/chat/stream", json=question) as stream:
            started, _ = [frame for _, frame in await events(stream, 2)]
            async with http.get(f"/conversations/{conversation}") as response:
                tree = await response.json()
            named = {"run": started["run"], "question": started["question"], "state": "streaming"}
            assert tree["runs"] == [named]
            assert started["conversation"] == conversation
            assert tree["messages"][0]["id"] == started["question"]
            async with http.delete(f"/runs/{started['run']}"):
                pass
            [(_, end)] = await events(stream)
        async with http.get(f"/conversations/{conversation}") as response:
            tree = await response.json()
    assert "runs" not in tree, "without a run the answer is the one of before"
    assert (tree["messages"][1]["text"], tree["messages"][1]["id"]) == ("Hello", end["message"])
