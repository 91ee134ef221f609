"""Deltas that are sent within the callback that received them, beside a client that stops reading for a while."""

import asyncio
import json
import re

import pytest
from support.client import Client, connected, masked, raw_socket
from support.conversations import conversations_of
from support.openai_wire import FORMS
from support.serving import serving, sharing
from support.transports import Listener, listening
from support.upstream import Exchange, Upstream, until_blocked

STREAMS = ["/ws", "/ws with grace", "/chat/stream", *(name for name, form in FORMS.items() if form.stream)]


class Counting:
    """An upstream that counts, each number alone in a piece of the answer, until it is told that it is enough."""

    def __init__(self) -> None:
        self.is_enough = False
        self.numbers = 0

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.start()
        while not self.is_enough:
            await exchange.text(f"<{self.numbers}>{'.' * 2_000}")
            self.numbers += 1
            await asyncio.sleep(0)  # the server reads it before the next one is sent
        await exchange.text("<end>", finish="STOP")
        await exchange.finish()


class OneByOne:
    """An upstream that sends each piece of its answer when the client has the one before."""

    def __init__(self) -> None:
        self._read = asyncio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.start()
        for number in ("one ", "two ", "three "):
            self._read.clear()
            await exchange.text(number)
            await self._read.wait()
        await exchange.text("four", finish="STOP")
        await exchange.finish()

    async def answers(self, client: Client, **fields: str) -> None:
        """Ask, and read the whole answer."""
        await client.socket.send(json.dumps({"type": "chat", "message": "Count", **fields}))
        while json.loads(await client.socket.recv())["type"] == "delta":
            self._read.set()


async def asking(address: str, stream: str) -> Listener:
    """A client that has asked, and reads nothing yet."""
    if not stream.startswith("/ws"):
        return await listening(address, stream)
    listener = Listener(*await raw_socket(address))
    grace = {"grace": 60} if "grace" in stream else {}
    listener.writer.write(masked(json.dumps({"type": "chat", "id": "t", "message": "hi", **grace}).encode()))
    return listener


@pytest.mark.parametrize("stream", STREAMS)
async def test_a_client_that_stops_reading_for_a_while_misses_no_word(upstream: Upstream, stream: str) -> None:
    counting = Counting()
    upstream.plays(counting)
    async with sharing(upstream, send_timeout=60, max_answer_chars=10**9) as address:
        listener = await asking(address, stream)
        await until_blocked(await upstream.wait_for_request())
        counting.is_enough = True
        answer = bytearray()
        while b"<end>" not in answer[-4_000:]:
            piece = await listener.reader.read(2**16)
            assert piece, "the server has cut the answer"
            answer += piece
        listener.close()
    received = [int(number) for number in re.findall(rb"<(\d+)>", answer)]
    whole = received[: counting.numbers]  # a response of OpenAI's wire has its whole text again at its end
    assert whole == list(range(counting.numbers))


async def test_what_is_sent_at_once_is_remembered_and_stored(upstream: Upstream) -> None:
    one_by_one = OneByOne()
    upstream.plays(one_by_one)
    async with serving(upstream) as address, conversations_of(address) as stored, connected(address) as client:
        conversation = await stored.create()
        for _ in range(2):
            await one_by_one.answers(client, conversation=conversation)
            await one_by_one.answers(client)
        messages = await stored.messages(conversation)
    assert [message["text"] for message in messages] == ["Count", "one two three four"] * 2
    for exchange in upstream.exchanges[2:]:
        assert exchange.texts == ["Count", "one two three four", "Count"]
