"""Characters that others do not take: what ends a line elsewhere is escaped, U+0000 is shown as it is kept."""

import json

import aiohttp
import pytest
from support.client import text_of
from support.serving import sharing
from support.transports import TRANSPORTS, posting
from support.upstream import Upstream, says
from websockets.asyncio.client import connect

ENDS = "a\u2028b\u2029c\u0085d\u00e9"


def assert_one_line(sent: bytes) -> None:
    """Fail when any reader would see more lines than there are for a reader of bytes."""
    assert len(sent.decode().splitlines()) == len(sent.splitlines())
    assert rb"a\u2028b\u2029c\u0085d" in sent


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_an_answer_holds_no_line_end_but_its_own(upstream: Upstream, transport: str) -> None:
    upstream.plays(says(ENDS))
    async with sharing(upstream) as address:
        if transport == "socket":
            async with connect(f"ws://{address}/ws") as socket:
                await socket.send('{"type": "chat", "message": "hi"}')
                sent = (await socket.recv(decode=False)) + b"\n"
        else:
            async with posting(address, "/chat" if transport == "rest" else "/chat/stream") as response:
                sent = await response.read()
    assert_one_line(sent)


async def test_what_is_kept_is_read_and_exported_so(upstream: Upstream) -> None:
    upstream.plays(says(ENDS))
    async with sharing(upstream) as address, aiohttp.ClientSession(f"http://{address}") as http:
        async with http.post("/conversations", json={"title": ENDS}) as response:
            made = await response.read()
        path = f"/conversations/{json.loads(made)['id']}"
        assert_one_line(made)
        async with http.post("/chat", json={"message": ENDS, "conversation": path.rpartition("/")[2]}) as response:
            assert_one_line(await response.read())
        for read in ("/conversations", path, f"{path}/export?format=json"):
            async with http.get(read) as response:
                assert_one_line(await response.read())


async def test_a_refusal_that_repeats_them_is_one_line(upstream: Upstream) -> None:
    async with sharing(upstream) as address, aiohttp.ClientSession(f"http://{address}") as http:
        async with http.post("/chat", json={"message": "hi", ENDS: 1}) as response:
            assert response.status == 400
            assert_one_line(await response.read())


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_u_0000_is_shown_as_it_is_kept(upstream: Upstream, transport: str) -> None:
    upstream.plays(says("a\0", "\0b", thoughts=["\0"]))
    async with sharing(upstream) as address, aiohttp.ClientSession(f"http://{address}") as http:
        async with http.post("/conversations", json={}) as response:
            conversation = (await response.json())["id"]
        frames = await TRANSPORTS[transport](address, conversation=conversation, thinking="low")
        async with http.get(f"/conversations/{conversation}") as response:
            kept = (await response.json())["messages"][-1]
    assert text_of(frames) == kept["text"] == "a\ufffd\ufffdb"
    assert "\0" not in text_of(frames, "thought")
