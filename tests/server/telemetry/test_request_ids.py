"""Each connection and each request has an id of the server's: in the answer, and in every log line."""

import asyncio
import re
from typing import Any

import aiohttp
import pytest
from support.client import connected
from support.log import Log
from support.serving import serving
from support.transports import handshake, post
from support.upstream import Upstream, fails, says

from deltawire.protocol.errors import Failure
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.refusals import Refusals

AN_ID = r"[0-9a-f]{12}\.\d+"
QUESTION = b'{"message": "hi", "id": "t1"}'


async def test_every_answer_over_http_carries_the_id_of_its_request(upstream: Upstream) -> None:
    async with serving(upstream) as address, aiohttp.ClientSession(f"http://{address}") as http:
        found = []
        for method, path, headers in [
            ("GET", "/livez", {}),
            ("GET", "/models", {}),
            ("GET", "/", {}),
            ("GET", "/nowhere", {}),
            ("DELETE", "/models", {}),
            ("GET", "/models", {"Host": "elsewhere.example"}),
            ("POST", "/chat", {}),
        ]:
            async with http.request(method, path, headers=headers) as answer:
                found.append(answer.headers["X-Request-Id"])
        for path in ("/chat", "/chat/stream"):
            found.append((await post(address, path, QUESTION))[2]["X-Request-Id"])
            found.append((await post(address, path, b"{"))[2]["X-Request-Id"])
        found.append(await of_nonsense(address))
    assert all(re.fullmatch(AN_ID, request) for request in found), found
    assert len(set(found)) == len(found)


async def of_nonsense(address: str) -> str:
    """The id in the answer to what is no HTTP."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"nonsense\r\n\r\n")
    answer = (await reader.read()).decode()
    writer.close()
    [request] = re.findall(r"^x-request-id: (.*)\r$", answer, re.MULTILINE)
    return str(request)


async def test_a_turn_is_found_by_the_id_in_its_answer(upstream: Upstream, log: Log) -> None:
    upstream.plays(fails(503), says("Hello"))
    async with serving(upstream, retry_max_delay=0.01) as address:
        _, _, headers = await post(address, "/chat", QUESTION)
        line = await log.line("turn_ended", turn="t1")
    assert line["request"] == headers["X-Request-Id"]
    assert (await log.line("upstream_fault"))["request"] == headers["X-Request-Id"]


async def test_turns_of_one_socket_are_found_by_the_id_of_its_handshake_and_told_apart(
    upstream: Upstream, log: Log
) -> None:
    async with serving(upstream) as address, connected(address) as client:
        assert client.socket.response is not None
        opened: str = client.socket.response.headers["X-Request-Id"]
        assert re.fullmatch(AN_ID, opened)
        for _ in range(2):
            await client.ask(id="t1")
        await client.chat(id="t2", temperature=9)
        await client.until_end()
        await log.line("refused")
    connection = opened.partition(".")[0]
    requests = [line["request"] for line in log.lines if line["event"] in ("turn_ended", "refused")]
    assert requests == [f"{connection}.{number}" for number in (2, 3, 4)]


async def test_a_handshake_that_is_refused_carries_its_id_too(upstream: Upstream, log: Log) -> None:
    async with serving(upstream) as address:
        for request_headers in ({"Origin": "https://elsewhere.example"}, {"Sec-WebSocket-Version": "7"}):
            status, _, headers = await handshake(address, **request_headers)
            assert (status >= 400, bool(re.fullmatch(AN_ID, headers["X-Request-Id"]))) == (True, True)


@pytest.mark.parametrize("trusted, client", [({"trusted_proxies": "127.0.0.1"}, "203.0.113.9"), ({}, "127.0.0.1")])
async def test_a_refusal_leaves_a_line_with_the_address_that_the_proxies_settings_allow(
    upstream: Upstream, log: Log, trusted: dict[str, str], client: str
) -> None:
    async with serving(upstream, **trusted) as address:
        _, _, headers = await post(address, "/chat", b"{", **{"X-Forwarded-For": "198.51.100.7, 203.0.113.9"})
        line = await log.line("refused")
    assert (line["code"], line["client"], line["path"]) == ("invalid_json", client, "/chat")
    assert line["request"] == headers["X-Request-Id"]


async def test_refusals_cannot_fill_the_disk(log: Log) -> None:
    clock = [0.0]
    refusals = Refusals(Metrics([]), lambda: clock[0])
    for _ in range(1_000):
        refusals.frame(Failure("not_found"))
    assert len(log.lines) == 100
    clock[0] = 1.0
    refusals.frame(Failure("not_found"))
    assert (len(log.lines), log.lines[-1]["left_out"]) == (101, 900)


BAD_ID = "no id, for it has blanks"


@pytest.mark.parametrize(
    "frame, ids",
    [
        ({"id": BAD_ID, "ref": "mine: 1"}, (None, "mine: 1", "id")),
        ({"id": BAD_ID}, (None, None, "id")),
        ({"ref": "mine: 1", "temperature": 9}, (None, "mine: 1", "temperature")),
        ({"id": "t1", "ref": "mine: 1", "temperature": 9}, ("t1", "mine: 1", "temperature")),
        ({"id": "t1", "temperature": 9}, ("t1", None, "temperature")),
        ({"id": "t1", "ref": "x" * 65}, ("t1", None, "ref")),
    ],
)
async def test_a_chat_that_is_refused_for_its_id_is_told_by_its_ref(
    upstream: Upstream, frame: dict[str, Any], ids: tuple[str | None, ...]
) -> None:
    async with serving(upstream) as address, connected(address) as client:
        await client.chat(**frame)
        [error] = await client.until_end()
    assert (error["id"], error["ref"], error["field"]) == ids


async def test_a_turn_that_is_admitted_with_a_ref_is_like_any_other(upstream: Upstream) -> None:
    async with serving(upstream) as address, connected(address) as client:
        frames = await client.ask(id="t1", ref="mine")
    assert frames[-1]["type"] == "usage"
    assert all("ref" not in frame for frame in frames)
