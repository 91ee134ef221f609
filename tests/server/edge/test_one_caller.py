"""The bounds of one caller, and the errors beyond them: docs/guide/secure.md has a row for each."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.client import connected
from support.identity import API_KEYS, KEYS, SECRET, bearer, token
from support.serving import serving
from support.siege import MIB, Attacker, frame
from support.transports import post
from support.upstream import Upstream, is_silent, says
from websockets.exceptions import InvalidStatus

from deltawire.chat import session_registry

ALICE, BOB = bearer(KEYS["alice"]), bearer(KEYS["bob"])
BOUNDS = {
    "max_turns": 8,
    "max_sockets": 8,
    "max_memory_bytes": 8 * MIB,
    "max_answer_chars": 50,
    "max_conversations_per_caller": 3,
    "max_conversation_messages": 4,
    "max_conversation_bytes": 2_000,
    "max_stored_bytes_per_caller": 5_000,
}


@pytest.fixture
async def address(upstream: Upstream, tmp_path: Path) -> AsyncIterator[str]:
    """A server with little room, which knows alice and bob."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'c.db'}"
    async with serving(upstream, api_keys=API_KEYS, database_url=url, **BOUNDS) as address:
        yield address


@pytest.fixture
async def http(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Requests of alice's."""
    async with aiohttp.ClientSession(f"http://{address}", headers=ALICE) as http:
        yield http


async def call_json(http: aiohttp.ClientSession, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with http.request(method, path, json=body) as response:
        return response.status, await response.json(content_type=None)


async def test_a_quarter_of_all_turns_is_one_callers(address: str, upstream: Upstream) -> None:
    upstream.plays(is_silent)
    async with connected(address, additional_headers=ALICE) as alice:
        for number in range(3):
            await alice.chat(id=f"t{number}")
        refused = await alice.receive()
        assert (refused["id"], refused["code"]) == ("t2", "rate_limited")
        assert refused["message"] == "One caller may hold at most 2 turns; see MAX_TURNS_PER_CALLER."
        upstream.plays(says("Hello"))
        async with connected(address, additional_headers=BOB) as bob:
            assert (await bob.ask())[-1]["type"] == "usage"


async def test_a_quarter_of_all_sockets_is_one_callers(address: str) -> None:
    async with connected(address, additional_headers=ALICE), connected(address, additional_headers=ALICE):
        with pytest.raises(InvalidStatus) as refused:
            async with connected(address, additional_headers=ALICE):
                pass
        assert refused.value.response.status_code == 429
        assert json.loads(refused.value.response.body or b"")["message"].endswith("see MAX_SOCKETS_PER_CALLER.")
        async with connected(address, additional_headers=BOB):
            pass


async def test_where_nobody_is_known_all_are_one_caller_who_may_have_all(upstream: Upstream) -> None:
    async with serving(upstream, max_sockets=2) as address, connected(address), connected(address):
        pass


async def test_messages_that_do_not_end_are_one_callers_share(address: str) -> None:
    alice = Attacker(address, KEYS["alice"])
    first, writing = await alice.socket()
    writing.write(frame(b"a" * MIB)[: 9 * MIB // 10])
    await writing.drain()
    second, other = await alice.socket()
    other.write(frame(b"a" * MIB)[: 9 * MIB // 10])
    await other.drain()
    head = await second.readexactly(4)
    assert int.from_bytes(head[2:4]) == 1013
    writing.close()
    other.close()
    assert not first.at_eof()


async def test_a_body_that_does_not_end_is_one_callers_share(address: str) -> None:
    body = json.dumps({"message": "a" * (3 * MIB // 2)}).encode()
    status, answer = await Attacker(address, KEYS["alice"]).ask("POST", "/chat", body)
    problem = json.loads(answer)
    assert (status, problem["code"]) == (429, "rate_limited")
    assert problem["message"].endswith("see MAX_MEMORY_BYTES_PER_CALLER.")


async def test_long_answers_that_are_not_read_are_one_callers_share(address: str) -> None:
    async def prompts_of(name: str, number: int, text: str) -> tuple[int, Any]:
        async with aiohttp.ClientSession(f"http://{address}", headers=bearer(KEYS[name])) as http:
            for each in range(number):
                status, _ = await call_json(http, "POST", "/prompts", {"name": f"p{each}", "text": text})
                assert status == 201
            await call_json(http, "GET", "/prompts")  # it counts until it is read
            return await call_json(http, "GET", "/prompts")

    status, problem = await prompts_of("alice", 12, "\x01" * 20_000)  # six bytes of JSON for each character
    assert (status, problem["code"]) == (429, "rate_limited")
    assert problem["message"].endswith("bytes of answers that were not read; see MAX_MEMORY_BYTES_PER_CALLER.")
    status, listed = await prompts_of("bob", 24, "x" * 20_000)
    assert (status, len(listed["prompts"])) == (200, 24)


async def test_everything_is_exported_in_short_pieces(http: aiohttp.ClientSession) -> None:
    texts = [f"{number}".ljust(20_000, "\x01") for number in range(12)]
    for number, text in enumerate(texts):
        await call_json(http, "POST", "/prompts", {"name": f"p{number:02}", "text": text})
    pieces = [b""]
    async with http.get("/conversations/export") as response:
        async for data, is_end_of_piece in response.content.iter_chunks():
            pieces[-1] += data
            if is_end_of_piece:
                pieces.append(b"")
    assert [each["text"] for each in json.loads(b"".join(pieces))["prompts"]] == texts
    assert max(map(len, pieces)) < MIB // 4  # 1.4 MB together


async def test_bytes_count_for_the_rate_of_a_socket(upstream: Upstream) -> None:
    settings = {"max_frame_bytes": 10_000, "max_bytes_per_second": 1_000, "max_frames_per_second": 1_000}
    async with serving(upstream, **settings) as address, connected(address) as client:
        for _ in range(3):
            await client.socket.send("x" * 9_000)
        assert await client.until_closed() == 1008


async def test_an_answer_ends_where_it_is_too_long(address: str, upstream: Upstream) -> None:
    upstream.plays(says("a" * 40, "b" * 40))
    async with connected(address, additional_headers=ALICE) as client:
        *deltas, end = await client.ask()
    assert [delta["text"] for delta in deltas] in ([], ["a" * 40])  # both may come in one piece from the upstream
    assert (end["code"], end["message"]) == (
        "message_too_large",
        "The answer is over 50 characters; see MAX_ANSWER_CHARS.",
    )


async def test_a_history_that_is_dropped_is_told(upstream: Upstream) -> None:
    upstream.plays(says("a" * 900))
    async with (
        serving(upstream, max_memory_bytes=3_000, max_memory_bytes_per_caller=3_000) as address,
        connected(address) as one,
        connected(address) as other,
    ):
        for client in (one, other):
            await client.ask(ref="r1")
            await client.ask(ref="r2")
        dropped = await one.receive()
        assert (dropped["code"], dropped["id"], dropped["ref"]) == ("history_dropped", None, None)


async def test_what_is_stored_has_bounds_that_the_refusal_names(http: aiohttp.ClientSession, address: str) -> None:
    names = [(await call_json(http, "POST", "/conversations", {}))[1]["id"] for _ in range(3)]
    status, problem = await call_json(http, "POST", "/conversations", {})
    assert (status, problem["code"]) == (507, "storage_full")
    assert problem["message"].endswith("see MAX_CONVERSATIONS_PER_CALLER.")

    async def refusal_of(conversation: str, message: str) -> str:
        async with connected(address, additional_headers=ALICE) as client:
            end = (await client.ask(message, conversation=conversation))[-1]
        return str(end.get("message") if end["type"] == "error" else "")

    assert await refusal_of(names[0], "hi") == await refusal_of(names[0], "hi") == ""
    assert (await refusal_of(names[0], "hi")).endswith("see MAX_CONVERSATION_MESSAGES.")
    assert (await refusal_of(names[1], "a" * 2_000)).endswith("see MAX_CONVERSATION_BYTES.")
    assert await refusal_of(names[1], "a" * 1_900) == await refusal_of(names[2], "a" * 1_900) == ""
    status, problem = await call_json(
        http, "PATCH", f"/conversations/{names[0]}", {"settings": {"system": "a" * 2_000}}
    )
    assert problem["message"].endswith("see MAX_STORED_BYTES_PER_CALLER.")
    async with http.delete(f"/conversations/{names[1]}") as response:
        assert response.status == 204
    assert (await call_json(http, "PATCH", f"/conversations/{names[0]}", {"settings": {"system": "a" * 2_000}}))[
        0
    ] == 200


async def test_settings_are_bounded_one_by_one_and_together(http: aiohttp.ClientSession) -> None:
    status, problem = await call_json(http, "POST", "/conversations", {"settings": {"stop": ["s" * 1_001]}})
    assert (status, problem["field"]) == (400, "settings.stop[0]")
    status, problem = await call_json(http, "POST", "/conversations", {"settings": {"system": "\x01" * 99_000}})
    assert (status, problem["code"], problem["field"]) == (413, "message_too_large", "settings")


async def test_a_list_carries_no_settings(http: aiohttp.ClientSession) -> None:
    await call_json(http, "POST", "/conversations", {"title": "x", "settings": {"system": "long"}})
    _, page = await call_json(http, "GET", "/conversations")
    assert [sorted(listed) for listed in page["conversations"]] == [
        ["archived", "created", "folder", "id", "pinned", "title", "updated"]
    ]


async def test_a_socket_ends_soon_after_its_token(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_registry, "_CHECK_SECONDS", 0.05)
    now = asyncio.get_running_loop().time
    upstream.plays(says("Hello"))
    async with serving(upstream, jwt_secret=SECRET) as address:
        expires = time.time() + 1
        headers = bearer(token(exp=expires))
        async with (
            connected(address, additional_headers=headers) as client,
            connected(address, additional_headers=bearer(token())) as other,
        ):
            began = now()
            assert await client.until_closed() == 4401
            assert now() - began >= 0.5
            assert (await other.ask())[-1]["type"] == "usage"


@pytest.mark.parametrize("accept", ["application/openmetrics-text; version=x", "text/plain;version=1.x", "*", ";;;=,"])
async def test_no_accept_is_a_bug_of_the_metrics(address: str, accept: str) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://{address}/metrics", headers={**ALICE, "Accept": accept}) as response,
    ):
        assert response.status == 200
        assert "deltawire_sockets" in await response.text()


async def test_a_malformed_handshake_is_answered_without_its_own_words(address: str) -> None:
    alice = Attacker(address, KEYS["alice"])
    for field in (
        "Sec-WebSocket-Key: planted",
        "Sec-WebSocket-Version: planted",
        "Sec-WebSocket-Extensions: =planted;",
    ):
        reader, writer = await alice.connect()
        upgrade = ("Upgrade: websocket", "Connection: Upgrade, close", field)
        writer.write(alice.head("GET", "/ws", *upgrade))
        answer = await reader.read(-1)
        writer.close()
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 426 "))
        assert b"planted" not in answer


async def test_no_answer_is_kept_by_a_cache_or_guessed_at(http: aiohttp.ClientSession) -> None:
    for path in ("/models", "/conversations", "/livez", "/nothing", "/usage", "/metrics"):
        async with http.get(path) as response:
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "claims", [{"exp": "9999999999"}, {"exp": True}, {"exp": 1e400}, {"sub": 7}, {"sub": " carol"}]
)
async def test_a_token_with_claims_of_another_type(upstream: Upstream, claims: dict[str, Any]) -> None:
    async with serving(upstream, jwt_secret=SECRET) as address:
        status, problem, _ = await post(address, "/chat", b'{"message":"hi"}', **bearer(token(**claims)))
        assert (status, problem["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("lines", [["chunked, chunked"], [", chunked"], ["identity"], ["chunked", "chunked"], [""]])
async def test_another_transfer_coding_than_chunked(address: str, lines: list[str]) -> None:
    alice = Attacker(address, KEYS["alice"])
    reader, writer = await alice.connect()
    fields = [f"Transfer-Encoding: {line}" for line in lines]
    writer.write(alice.head("POST", "/chat", "Content-Type: application/json", *fields) + b"0\r\n\r\n")
    status = int((await reader.readline()).split(b" ")[1])
    writer.close()
    assert status in (400, 501)


async def test_a_conversation_without_messages_is_whole_in_each_form(http: aiohttp.ClientSession) -> None:
    _, made = await call_json(http, "POST", "/conversations", {"title": "x"})
    _, tree = await call_json(http, "GET", f"/conversations/{made['id']}")
    assert tree == {**made, "messages": []}
    _, exported = await call_json(http, "GET", f"/conversations/{made['id']}/export?format=json")
    assert exported == tree
