"""Two servers with one PostgreSQL and one Redis, behind a proxy: what happens to people when one of them goes."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

import aiohttp
import pytest
from support.client import Client, text_of
from support.ports import free_port as another_port
from support.postgres import fresh_database
from support.process import ServerProcess, running_over
from support.proxies import Front, Proxy, caddy, nginx
from support.redis import RedisServer
from support.upstream import Exchange, Script, Upstream, says, says_when
from websockets.exceptions import ConnectionClosed, InvalidStatus

from deltawire.config.settings import Settings
from deltawire.conversations.migrate import migrate

T = TypeVar("T")

PEOPLE = 16


class Person:
    """Somebody with a conversation and a socket."""

    def __init__(self, front: Front, name: int) -> None:
        self.name = name
        self._front = front
        self._stack = AsyncExitStack()
        self.conversation = ""
        self.client: Client

    async def __aenter__(self) -> Self:
        async with self._front.session() as session, session.post("/conversations", json={}) as response:
            self.conversation = (await response.json())["id"]
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def connect(self) -> None:
        """Open a socket, in place of the last one."""
        await self._stack.aclose()
        self.client = await self._stack.enter_async_context(self._front.connected())

    async def ask(self, message: str) -> str:
        """One whole turn; its end must be a good one."""
        frames = await self.client.ask(message, id=f"{self.name}-{message}", conversation=self.conversation)
        assert frames[-1]["type"] == "usage", frames[-1]
        return text_of(frames)

    async def begin(self, message: str) -> None:
        """Ask, and hear the first word."""
        await self.client.chat(message, conversation=self.conversation)
        assert (await self.client.receive())["text"] == "Hello"

    async def hear_the_rest(self) -> None:
        frames = await self.client.until_end()
        assert frames[-1]["type"] == "usage", frames[-1]

    async def texts(self) -> list[str]:
        """Return the conversation as the server shows it now."""
        async with self._front.session() as session, session.get(f"/conversations/{self.conversation}") as response:
            return [message["text"] for message in (await response.json())["messages"]]


class Replicas(NamedTuple):
    """The two servers, and the proxy before them."""

    front: Front
    first: ServerProcess
    second: ServerProcess


@asynccontextmanager
async def replicas(
    upstream: Upstream, stores: dict[str, str], folder: Path, port: int, **settings: str
) -> AsyncIterator[Replicas]:
    async with AsyncExitStack() as stack:
        first, second = [
            await stack.enter_async_context(running_over(upstream, **stores, **settings)) for _ in range(2)
        ]
        front = await stack.enter_async_context(nginx(folder, port, first.address, second.address))
        yield Replicas(front, first, second)


@pytest.fixture
async def stores(postgresql: str, redis: RedisServer) -> AsyncIterator[dict[str, str]]:
    """The settings of the stores that they share."""
    async with fresh_database(postgresql) as url:
        await migrate(Settings(database_url=url).database)
        yield {"database_url": url, "redis_url": redis.url}


def holds_the_second(released: asyncio.Event) -> Script:
    """A script whose answer to "two" is finished when it is released."""

    async def script(exchange: Exchange) -> None:
        await (says_when(released) if exchange.texts[-1] == "two" else says("All", " of it"))(exchange)

    return script


async def everybody(people: list[Person], does: Callable[[Person], Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*map(does, people)))


def those_of(server: ServerProcess, people: list[Person]) -> list[Person]:
    """Those of whom this server has logged a turn."""
    logged = {turn["turn"] for turn in server.turns}
    return [person for person in people if f"{person.name}-one" in logged]


async def test_a_replica_that_is_killed_takes_nothing_with_it_that_was_shown_or_counted(
    upstream: Upstream, stores: dict[str, str], tmp_path: Path, free_port: int
) -> None:
    released = asyncio.Event()
    upstream.plays(holds_the_second(released))
    turns = 2 * PEOPLE + PEOPLE // 2
    async with (
        replicas(upstream, stores, tmp_path, free_port, turns_per_minute=str(turns)) as (front, first, _),
        AsyncExitStack() as stack,
    ):
        people = [await stack.enter_async_context(Person(front, name)) for name in range(PEOPLE)]
        assert await everybody(people, lambda person: person.ask("one")) == ["All of it"] * PEOPLE
        await everybody(people, lambda person: person.begin("two"))
        first.process.kill()
        await first.wait()

        bereft = those_of(first, people)
        assert len(bereft) == PEOPLE // 2
        assert set(await everybody(bereft, lambda person: person.client.until_closed())) == {1006}
        await everybody(bereft, Person.connect)
        assert await everybody(bereft, Person.texts) == [["one", "All of it", "two"]] * len(bereft)
        await everybody(bereft, lambda person: person.begin("two"))
        released.set()
        await everybody(people, Person.hear_the_rest)
        for person in people:
            questions = ["two", "two"] if person in bereft else ["two"]
            assert await person.texts() == ["one", "All of it", *questions, "Hello world"]
        [refusal] = await people[0].client.ask("one too many")
        assert refusal["code"] == "rate_limited"


async def test_a_replica_that_is_told_to_stop_cuts_nobody_and_its_people_go_on_at_the_other(
    upstream: Upstream, stores: dict[str, str], tmp_path: Path, free_port: int
) -> None:
    released = asyncio.Event()
    upstream.plays(holds_the_second(released))
    async with replicas(upstream, stores, tmp_path, free_port) as (front, first, second), AsyncExitStack() as stack:
        people = [await stack.enter_async_context(Person(front, name)) for name in range(PEOPLE)]
        await everybody(people, lambda person: person.ask("one"))
        await everybody(people, lambda person: person.begin("two"))
        first.process.send_signal(signal.SIGTERM)
        await first.wait_for_output('"draining"')
        late = await stack.enter_async_context(Person(front, PEOPLE))
        assert await late.ask("one") == "All of it"
        released.set()
        await everybody(people, Person.hear_the_rest)

        sent_away = those_of(first, people)
        assert len(sent_away) == PEOPLE // 2
        assert set(await everybody(sent_away, lambda person: person.client.until_closed())) == {1012}
        assert await first.wait() == 0
        assert first.drained == (len(sent_away), 0, 0)
        await everybody(sent_away, Person.connect)
        await everybody(people, lambda person: person.ask("three"))
        for person in people:
            assert await person.texts() == ["one", "All of it", "two", "Hello world", "three", "All of it"]
        assert those_of(second, [late]) == [late]


LONGEST_SECONDS = 20
"""Seconds in which a client is answered that asks again at once when it is sent away."""


class SentAway(Exception):
    """A replica that stops took no turn and no socket, or broke off as the question came."""


class Crowd:
    """Asks in every way, again and again; `answers` counts the whole answers of each way."""

    def __init__(self, front: Front) -> None:
        self.answers: Counter[str] = Counter()
        self._front = front
        self._progress = asyncio.Event()

    async def __aenter__(self) -> Self:
        ways = (self._reads, self._posts, self._opens)
        self._tasks = [asyncio.create_task(self._goes_on(way), name=way.__name__) for way in ways]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            assert isinstance(ended, asyncio.CancelledError), repr(ended)

    async def wait_for_answers(self, times: int = 10) -> None:
        """Wait until each way has had so many more answers."""
        before = self.answers.copy()
        async with asyncio.timeout(60):
            while any((self.answers - before)[task.get_name()] < times for task in self._tasks):
                self._progress.clear()
                progress = asyncio.create_task(self._progress.wait())
                await asyncio.wait([progress, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
                for task in self._tasks:
                    assert not task.done(), repr(task.exception())

    async def _goes_on(self, way: Callable[[], Awaitable[None]]) -> None:
        while True:
            async with asyncio.timeout(LONGEST_SECONDS):
                while not await self._is_answered(way):
                    pass
            self.answers[way.__name__] += 1
            self._progress.set()

    async def _is_answered(self, way: Callable[[], Awaitable[None]]) -> bool:
        try:
            await way()
        except SentAway:
            return False
        return True

    async def _reads(self) -> None:
        async with self._front.session() as session, session.get("/models") as response:
            assert response.status == 200

    async def _posts(self) -> None:
        async with self._front.session() as session, session.post("/chat", json={"message": "one"}) as response:
            if response.status >= 500:
                raise SentAway
            assert response.status == 200

    async def _opens(self) -> None:
        try:
            async with self._front.connected() as client:
                end = (await client.ask("one"))[-1]
        except (InvalidStatus, ConnectionClosed):
            raise SentAway from None
        if end.get("code") == "draining":
            raise SentAway
        assert end["type"] == "usage"


async def is_ready(server: ServerProcess) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"http://{server.address}/readyz") as response:
        assert response.status == 200


@pytest.mark.parametrize("proxy", [nginx, pytest.param(caddy, marks=pytest.mark.nightly)])
async def test_an_upgrade_of_one_replica_after_the_other_loses_nobody(
    upstream: Upstream, stores: dict[str, str], tmp_path: Path, proxy: Proxy
) -> None:
    ports = [str(another_port()) for _ in range(2)]
    async with AsyncExitStack() as stack:

        async def started(port: str) -> ServerProcess:
            return await stack.enter_async_context(running_over(upstream, port=port, **stores))

        servers = [await started(port) for port in ports]
        front = await stack.enter_async_context(proxy(tmp_path, another_port(), *[each.address for each in servers]))
        async with Crowd(front) as crowd:
            for number, (server, port) in enumerate(zip(servers, ports, strict=True)):
                released = asyncio.Event()
                upstream.plays(holds_the_second(released))
                people = [await stack.enter_async_context(Person(front, 2 * number + each)) for each in range(2)]
                await everybody(people, lambda person: person.begin("two"))
                await crowd.wait_for_answers()
                server.process.send_signal(signal.SIGTERM)
                await server.wait_for_output('"draining"')
                await crowd.wait_for_answers()
                released.set()
                await everybody(people, Person.hear_the_rest)
                assert await server.wait() == 0
                await is_ready(await started(port))
            await crowd.wait_for_answers()
