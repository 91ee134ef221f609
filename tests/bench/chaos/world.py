"""A server with its stores, which are killed and frozen while people talk to it; and the evidence that is left."""

import asyncio
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import asyncpg
from support.ports import free_port
from support.postgres import Postgres, fresh_database, postgres
from support.process import ServerProcess, running, running_over
from support.redis import RedisServer, redis_server
from support.scrape import Scrape, scrape
from support.upstream import Upstream
from support.workers import workers_of

from bench.chaos.people import API_KEYS, KEYS, NAMES, ClientTurn, Home, Person
from bench.chaos.provider import Provider

MODELS = ["model-a", "model-b"]
FALLBACK = "model-c"
DOLLARS_A_MILLION = {"model-a": (1, 2, 0.5), "model-b": (3, 4, 3), FALLBACK: (2, 8, 1)}
"""Of input, output and cached input, of each model."""
TURNS_AT_ONCE = 6
TURNS_PER_MINUTE = 200
DOLLARS_OF_MODEL_B = 0.05
PEOPLE_OF_A_CALLER = 5
SETTLE_SECONDS = 20.0


class Plan(NamedTuple):
    """One of eight configurations, and what happens to it; the seed decides."""

    seed: int
    store: str
    counted: str
    workers: int
    kills: int
    freezes: int

    @classmethod
    def of(cls, seed: int) -> "Plan":
        chance = random.Random(seed)
        return cls(
            seed,
            ("sqlite", "postgresql")[seed % 2],
            ("memory", "redis")[seed // 2 % 2],
            1 + seed // 4 % 2,
            chance.choice((0, 1, 1, 2)),
            chance.choice((0, 1, 1)),
        )


class Life(NamedTuple):
    """One process of the server, from its start to its end."""

    server: ServerProcess
    began: float
    """Seconds since 1970."""

    @property
    def turns(self) -> list[dict[str, Any]]:
        return self.server.turns

    @property
    def not_admitted(self) -> list[dict[str, Any]]:
        """The turns that no account has."""
        return [line for line in self.server.lines if line["event"] == "turn_not_admitted"]


class Evidence:
    """All that is left of a run."""

    def __init__(self, plan: Plan, provider: Provider) -> None:
        self.plan = plan
        self.provider = provider
        self.lives: list[Life] = []
        self.turns: list[ClientTurn] = []
        self.rows: list[dict[str, Any]] = []
        """The rows of the table `usage`."""
        self.usage: dict[str, dict[str, Any]] = {}
        """`GET /usage` of each caller, at the end."""
        self.minutes_left: dict[str, float] = {}
        self.stored: dict[str, dict[str, Any]] = {}
        """The answers in the conversations, by their ids."""
        self.metrics: Scrape | None = None
        self.exit_code = -1
        self.left_open = 0
        self.problems: list[str] = []


class Stores:
    """The database and the store of the limits, which can be made to hang."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.settings = {"data_dir": str(folder)}
        self._file = folder / "conversations.db"
        self._plan = plan
        self._postgres: Postgres | None = None
        self._redis: RedisServer | None = None
        self._url = ""

    @asynccontextmanager
    async def there(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if self._plan.counted == "redis":
                self._redis = await stack.enter_async_context(redis_server(free_port()))
                self.settings["redis_url"] = self._redis.url
            if self._plan.store == "postgresql":
                self._postgres = stack.enter_context(postgres())
                self._url = await stack.enter_async_context(fresh_database(self._postgres.url))
                self.settings["database_url"] = self._url
                command = (sys.executable, "-m", "deltawire", "migrate")
                async with running(*command, DELTAWIRE_DATABASE_URL=self._url) as migrating:
                    assert await migrating.wait() == 0, migrating.output
            yield

    async def freeze(self, seconds: float, chance: random.Random) -> None:
        """Let a store answer nothing for a while."""
        if self._redis is not None and chance.random() < 0.5:
            self._redis.stop()
            await asyncio.sleep(seconds)
            self._redis.go_on()
        elif self._postgres is not None:
            self._postgres.freeze()
            await asyncio.sleep(seconds)
            self._postgres.thaw()
        else:
            with (
                closing(sqlite3.connect(self._file, timeout=0, isolation_level=None)) as other,
                suppress(sqlite3.Error),
            ):
                other.execute("BEGIN EXCLUSIVE")
                await asyncio.sleep(seconds)
                other.execute("ROLLBACK")

    async def rows_of_usage(self) -> list[dict[str, Any]]:
        query = "SELECT * FROM usage"
        if self._postgres is not None:
            connection = await asyncpg.connect(self._url)
            try:
                return [dict(row) for row in await connection.fetch(query)]
            finally:
                await connection.close()
        with closing(sqlite3.connect(self._file)) as file:
            file.row_factory = sqlite3.Row
            return [dict(row) for row in file.execute(query)]


class World:
    """One run, from the first start to the last stop."""

    def __init__(self, plan: Plan, folder: Path, seconds: float) -> None:
        self._plan = plan
        self._seconds = seconds
        self._stores = Stores(plan, folder)
        self._chance = random.Random(plan.seed)
        self._is_up = asyncio.Event()
        self._life = AsyncExitStack()

    async def run(self) -> Evidence:
        """Let people talk and things break for some seconds; return the evidence."""
        provider = Provider(self._plan.seed)
        self._evidence = evidence = Evidence(self._plan, provider)
        async with self._stores.there(), Upstream() as upstream:
            upstream.plays(provider.play)
            self._settings = SETTINGS | self._stores.settings | {"workers": str(self._plan.workers)}
            self._upstream = upstream
            await self._begin()
            await self._talk()
            await self._settle()
            await self._ask_for_everything()
            evidence.exit_code = await evidence.lives[-1].server.stop()
            await self._life.aclose()
            evidence.rows = await self._stores.rows_of_usage()
            evidence.left_open = sum(not exchange.closed.is_set() for exchange in upstream.exchanges)
        return evidence

    async def _begin(self) -> None:
        self._life = AsyncExitStack()
        began = time.time()
        server = await self._life.enter_async_context(running_over(self._upstream, **self._settings))
        self._evidence.lives.append(Life(server, began))
        self._is_up.set()

    async def _home(self) -> Home:
        await self._is_up.wait()
        return Home(self._evidence.lives[-1].server.address, len(self._evidence.lives) - 1)

    async def _kill(self) -> None:
        """Kill every process of the server at once, and start it again."""
        self._is_up.clear()
        server = self._evidence.lives[-1].server
        for worker in workers_of(server):
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        await server.stop(signal.SIGKILL)
        await self._life.aclose()
        await self._begin()

    async def _talk(self) -> None:
        until = asyncio.get_running_loop().time() + self._seconds
        people = [
            Person(name, number, MODELS, self._home, random.Random(f"{self._plan.seed} {name} {number}"))
            for name in NAMES
            for number in range(PEOPLE_OF_A_CALLER)
        ]
        talking = [asyncio.create_task(person.run(until)) for person in people]
        await self._break_things()
        for outcome in await asyncio.gather(*talking, return_exceptions=True):
            if isinstance(outcome, BaseException):
                self._evidence.problems.append(f"a person failed: {outcome!r}")
        self._evidence.turns = [turn for person in people for turn in person.turns]

    async def _break_things(self) -> None:
        """Freeze and kill alternately, with time to recover: a store that hangs knows nothing of what is in memory."""
        incidents = ["freeze"] * self._plan.freezes + ["kill"] * self._plan.kills
        pause = self._seconds / (len(incidents) + 1)
        for incident in incidents:
            await asyncio.sleep(pause * self._chance.uniform(0.7, 1.0))
            if incident == "kill":
                await self._kill()
            else:
                await self._stores.freeze(self._chance.uniform(1.0, 2.5), self._chance)

    async def _settle(self) -> None:
        """Wait until no turn runs and the usage is written."""
        address = self._evidence.lives[-1].server.address
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                while (await scrape(address, **bearer(NAMES[0]))).value("turns_running"):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        await asyncio.sleep(1)  # the last charges

    async def _ask_for_everything(self) -> None:
        address, evidence = self._evidence.lives[-1].server.address, self._evidence
        evidence.metrics = await scrape(address, **bearer(NAMES[0]))
        for name in NAMES:
            async with aiohttp.ClientSession(f"http://{address}", headers=bearer(name)) as session:
                evidence.usage[name] = await (await session.get("/usage", params={"days": 2})).json()
                for message in [each async for each in _messages(session)]:
                    evidence.stored[message["id"]] = message


async def _messages(session: aiohttp.ClientSession) -> AsyncIterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = await (await session.get("/conversations", params={"limit": "50", **cursor})).json()
        for conversation in page["conversations"]:
            whole = await (await session.get(f"/conversations/{conversation['id']}")).json()
            for message in whole["messages"]:
                yield message
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {KEYS[name]}"}


def _prices() -> Iterator[str]:
    for model, (prompt, output, cached) in DOLLARS_A_MILLION.items():
        yield f"{model}={prompt}/{output}/{cached}/{prompt}/0"  # a search costs nothing


SETTINGS = {
    "api_keys": API_KEYS,
    "models": ",".join(MODELS),
    "fallback_models": FALLBACK,
    "prices": ",".join(_prices()),
    "usd_per_day": f"model-b={DOLLARS_OF_MODEL_B}",
    "turns_at_once": str(TURNS_AT_ONCE),
    "turns_per_minute": str(TURNS_PER_MINUTE),
    "max_handshakes_per_minute": "1000000",
    "connect_timeout": "2",
    "first_token_timeout": "1",
    "token_timeout": "1",
    "turn_timeout": "10",
    "tool_timeout": "1",
    "tools": "search",
    "send_timeout": "1",
    "store_timeout": "5",
    "ping_interval": "2",
    "ping_timeout": "5",
    "drain_timeout": "2",
    "retries": "1",
    "retry_max_delay": "0.2",
    "log_format": "json",
}
