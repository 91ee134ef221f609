"""Who may knock: Host, Origin, and how many."""

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from support.client import connected, text_of
from support.log import Log
from support.serving import serving
from support.upstream import Upstream, says_and_is_silent
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    async with Upstream() as upstream, serving(upstream) as address:
        yield address


async def refusal(address: str, path: str = "/ws", **options: object) -> tuple[int, str]:
    """The status and the error code of a handshake that is refused."""
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://{address}{path}", **options):  # type: ignore[arg-type]
            pass
    response = refused.value.response
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(response.body or b"")
    assert problem["status"] == response.status_code
    return response.status_code, problem["code"]


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://evil.example:443",
        "http://127.0.0.1:1",
        "http://127.0.0.1",
        "null",
        "file://",
        "http://[",
        "chrome-extension://127.0.0.1",
    ],
)
async def test_a_handshake_from_another_origin_is_refused(address: str, origin: str) -> None:
    assert await refusal(address, origin=origin) == (403, "forbidden")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_handshake_from_our_own_origin_is_let_in(address: str, scheme: str) -> None:
    async with connected(address, origin=f"{scheme}://{address}") as client:
        assert text_of(await client.ask()) == "Hello world"


async def test_a_script_has_no_origin_and_is_let_in(address: str) -> None:
    async with connected(address) as client:
        assert text_of(await client.ask()) == "Hello world"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::2]"])
async def test_a_host_that_is_not_ours_is_refused(address: str, host: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://{address}/models", headers={"Host": host}) as response:
            assert (response.status, (await response.json())["code"]) == (403, "forbidden")
        async with session.get(f"http://{address}/ws", headers={"Host": host, **UPGRADE}) as response:
            assert (response.status, (await response.json())["code"]) == (403, "forbidden")


UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "[::1]:8000", "127.0.0.1"])
async def test_a_host_of_ours_is_let_in(address: str, host: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{address}/models", headers={"Host": host}) as response,
    ):
        assert response.status == 200


async def test_other_hosts_can_be_allowed(upstream: Upstream) -> None:
    async with (
        serving(upstream, allowed_hosts="chat.example, 127.0.0.1") as address,
        aiohttp.ClientSession() as session,
    ):
        async with session.get(f"http://{address}/models", headers={"Host": "Chat.Example:443"}) as response:
            assert response.status == 200
        async with connected(address, additional_headers={"Host": "chat.example"}, origin="https://chat.example"):
            pass
    async with serving(upstream, allowed_hosts="*") as address, aiohttp.ClientSession() as session:
        async with session.get(f"http://{address}/models", headers={"Host": "any.example"}) as response:
            assert response.status == 200


async def test_a_request_that_changes_things_from_another_origin_is_refused(address: str) -> None:
    async with aiohttp.ClientSession() as session:
        headers = {"Origin": "http://evil.example"}
        async with session.post(f"http://{address}/models", headers=headers) as response:
            assert (response.status, (await response.json())["code"]) == (403, "forbidden")
        async with session.get(f"http://{address}/models", headers=headers) as response:
            assert response.status == 200


async def test_a_handshake_to_another_address_is_not_found(address: str) -> None:
    assert await refusal(address, "/elsewhere") == (404, "not_found")


async def test_the_server_answers_its_own_subprotocol_only(address: str) -> None:
    async with connected(address, subprotocols=["other", "deltawire.v1"]) as client:
        assert client.socket.subprotocol == "deltawire.v1"
    async with connected(address, subprotocols=["other"]) as client:
        assert client.socket.subprotocol is None


async def test_nothing_in_the_query_is_read(address: str) -> None:
    async with connect(f"ws://{address}/ws?model=x&token=y") as socket:
        await socket.send('{"type": "chat", "message": "hi"}')
        assert json.loads(await socket.recv())["type"] == "delta"


async def test_a_full_server_refuses_handshakes_and_keeps_its_sockets(upstream: Upstream, log: Log) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream, max_sockets=1) as address:
        async with connected(address) as client:
            await client.chat(id="t1")
            assert await refusal(address) == (503, "overloaded")
            assert (await client.receive())["text"] == "Hello"
        await log.line("turn_ended", turn="t1")
        async with connected(address):
            pass


async def test_an_address_that_knocks_too_often_is_refused(upstream: Upstream) -> None:
    async with serving(upstream, max_handshakes_per_minute=2) as address:
        for _ in range(2):
            async with connected(address):
                pass
        assert await refusal(address) == (429, "rate_limited")
