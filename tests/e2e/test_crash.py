"""A server that is killed at random moments: what a client was shown the `usage` of is there, nothing is in halves."""

import asyncio
import json
import random
import signal
from contextlib import AsyncExitStack

import aiohttp
from support.client import Frame, text_of
from support.conversations import conversations_of, whole
from support.process import running_over
from support.transports import TRANSPORTS, Ask
from support.upstream import Exchange, Upstream
from websockets.exceptions import ConnectionClosed, InvalidHandshake

TURNS = 120
KILLS = 3
CLIENTS = 9
GONE = (aiohttp.ClientError, ConnectionClosed, InvalidHandshake, OSError, EOFError, json.JSONDecodeError)


async def echoes(exchange: Exchange) -> None:
    """An answer in pieces that says what was asked; it takes a while, now more, now less."""
    await exchange.start()
    for word in ("echo", " of ", exchange.texts[-1]):
        await exchange.text(word)
        await asyncio.sleep(random.uniform(0, 0.02))
    await exchange.text(".", finish="STOP")
    await exchange.finish()


class Lives:
    """A server that is started again each time it was killed."""

    def __init__(self, upstream: Upstream, database: str) -> None:
        self._over = {"upstream": upstream, "database_url": database, "max_handshakes_per_minute": "100000"}
        self._life = AsyncExitStack()
        self._is_up = asyncio.Event()
        self._address = ""

    async def address(self) -> str:
        await self._is_up.wait()
        return self._address

    async def begin(self) -> None:
        self._server = await self._life.enter_async_context(running_over(**self._over))  # type: ignore[arg-type]
        self._address = self._server.address
        self._is_up.set()

    async def kill(self) -> None:
        self._is_up.clear()
        await self._server.stop(signal.SIGKILL)
        await self._life.aclose()


async def test_what_a_client_was_shown_the_usage_of_is_there_after_a_kill(upstream: Upstream, database: str) -> None:
    upstream.plays(echoes)
    lives = Lives(upstream, database)
    await lives.begin()
    shown: list[list[Frame]] = []
    numbers = iter(range(TURNS))
    async with conversations_of(await lives.address()) as client:
        conversations = [await client.create() for _ in range(CLIENTS)]

    async def talk(conversation: str, ask: Ask) -> None:
        for number in numbers:
            try:
                frames = await ask(await lives.address(), f"question {number}", conversation=conversation)
            except GONE:
                continue
            assert frames[-1]["type"] == "usage", frames
            assert text_of(frames) == f"echo of question {number}."
            shown.append(frames)

    asking = zip(conversations, list(TRANSPORTS.values()) * 3, strict=True)
    talks = [asyncio.create_task(talk(conversation, ask)) for conversation, ask in asking]
    for kill in range(1, KILLS + 1):
        while len(shown) < kill * TURNS / (KILLS + 2):  # noqa: ASYNC110 - many tell
            await asyncio.sleep(random.uniform(0, 0.02))
        await lives.kill()
        await lives.begin()
    await asyncio.gather(*talks)
    async with conversations_of(await lives.address()) as client:
        await whole(client, conversations)
        stored = {message["id"]: message for each in conversations for message in await client.messages(each)}
    await lives.kill()
    assert len(shown) > TURNS / 2
    for frames in shown:
        answer = stored[frames[-1]["message"]]
        assert answer["text"] == text_of(frames)
        assert answer["text"] == f"echo of {stored[frames[-1]['question']]['text']}."
    for message in stored.values():
        if message["role"] == "model":  # also one whose client was never told
            assert f"echo of {stored[message['parent']]['text']}.".startswith(message["text"])
