"""`make bench-store`: listing, opening and searching 2,000,000 messages on each database; what keeping a turn costs.

The data are made first, for some ten minutes each; `--data FOLDER` keeps them for the next run. Writes
docs/measurements/store.md.
"""

import argparse
import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import asyncpg
import msgspec
import uvloop
from support.paths import MEASUREMENTS
from support.postgres import SETTINGS, postgres
from support.process import running

from bench import measure, proc, store_page
from bench.conversations import MESSAGES_A_CONVERSATION, Corpus, load_postgresql, load_sqlite
from bench.measure import Load
from bench.searches import searches
from bench.services import DELTAWIRE, Bench, Running, bench
from bench.store_page import Latencies, Stored, Talk, TurnCosts
from deltawire.config.settings import Settings
from deltawire.conversations.migrate import migrate

PAGE: Final = MEASUREMENTS / "store.md"
CONVERSATIONS: Final = 100_000
POSTGRESQL: Final = {**SETTINGS, "shared_buffers": "2GB", "max_wal_size": "4GB"}
TALK: Final = Load(100, chunks=450, spread=2)
TALKS: Final = 5
BEFORE_SECONDS, AMID_SECONDS = 4.0, 4.0
"""Then every stream of a talk has begun, and for so long none ends."""


class ConversationReader:
    """Somebody who reads conversations over HTTP, and how long that takes; what it is shown is looked at."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self.times: dict[str, list[float]] = defaultdict(list)
        """Milliseconds, by what was asked."""
        self.found: list[int] = []
        """The number of conversations that each search found on its first page."""

    async def get(self, kind: str, path: str = "", **parameters: str | int) -> Any:
        began = time.perf_counter()
        async with self._http.get(f"/conversations{path}", params=parameters) as response:
            body = await response.read()
        self.times[kind].append((time.perf_counter() - began) * 1000)
        assert response.status == 200, body
        return msgspec.json.decode(body)

    async def list_and_open(self, rounds: int) -> None:
        """Page through the list, and open what is there."""
        cursor: dict[str, str] = {}
        for _ in range(rounds):
            page = await self.get("a page of the list", **cursor)
            cursor = {"cursor": page["next"]} if page["next"] else {}
            tree = await self.get("one conversation", f"/{page['conversations'][-1]['id']}")
            assert len(tree["messages"]) == MESSAGES_A_CONVERSATION

    async def search(self, corpus: Corpus, each: int, seed: int = 2) -> None:
        """Look for words, and see now and then that they stand where they were found."""
        for number, (kind, query) in enumerate(searches(corpus.vocabulary, each, seed)):
            page = await self.get(kind, q=query)
            self.found.append(len(page["conversations"]))
            if page["conversations"] and number % 20 == 0:
                tree = await self.get("one conversation", f"/{page['conversations'][0]['id']}")
                texts = [tree["title"], *(message["text"] for message in tree["messages"])]
                assert any(all(word in text.lower() for word in query.split()) for text in texts), query


async def read(database: str, url: str, corpus: Corpus, rounds: int, postmaster: int | None = None) -> Latencies:
    """All that a reader does, through a server of its own."""
    async with running(DELTAWIRE_DATABASE_URL=url) as server:
        await server.ready()
        async with aiohttp.ClientSession(f"http://{server.address}") as http:
            await ConversationReader(http).search(corpus, rounds, seed=1)  # others have searched before
            pids = [server.process.pid, *([] if postmaster is None else [postmaster])]
            before = sum(map(proc.cpu_seconds, pids))
            reader = ConversationReader(http)
            await reader.list_and_open(rounds * 4)
            await reader.search(corpus, rounds)
            used = sum(map(proc.cpu_seconds, pids)) - before
    count = sum(map(len, reader.times.values()))
    times = {kind: sorted(times) for kind, times in reader.times.items()}
    return Latencies(database, times, reader.found, used * 1000 / count)


async def on_sqlite(corpus: Corpus, folder: Path, rounds: int) -> Stored:
    """SQLite, in a file of this folder."""
    file = folder / "conversations.db"
    url = f"sqlite+aiosqlite:///{file}"
    began = time.monotonic()
    if not file.exists():
        await migrate(url)
        load_sqlite(corpus, file)
    seconds = time.monotonic() - began
    with closing(sqlite3.connect(file)) as database:
        [index] = database.execute("SELECT sum(pgsize) FROM dbstat WHERE name LIKE '%search%'").fetchone()
    return Stored(await read("SQLite", url, corpus, rounds), file.stat().st_size, index, seconds)


async def on_postgresql(corpus: Corpus, folder: Path, rounds: int) -> Stored:
    """PostgreSQL, with its data in this folder."""
    with postgres(POSTGRESQL, folder) as server:
        began = time.monotonic()
        url = Settings(database_url=server.url).database
        database = await asyncpg.connect(server.url)
        if await database.fetchval("SELECT to_regclass('messages')") is None:
            await migrate(url)
            await load_postgresql(corpus, server.url)
        seconds = time.monotonic() - began
        sizes = await database.fetchrow(
            "SELECT pg_database_size(current_database()),"
            " (SELECT sum(pg_relation_size(indexrelid)) FROM pg_stat_user_indexes WHERE indexrelname LIKE '%_search')"
        )
        await database.close()
        return Stored(await read("PostgreSQL", url, corpus, rounds, server.pid), sizes[0], int(sizes[1]), seconds)


async def turn_costs(database: str, started: Bench, **environment: str) -> TurnCosts:
    """Measure turns that are kept and turns that are not alternately, so that a busy minute hits both alike."""
    service = msgspec.structs.replace(DELTAWIRE, environment={**DELTAWIRE.environment, **environment})
    talks: dict[bool, list[Talk]] = {False: [], True: []}
    async with started.running(service) as deltawire:
        await measure.warm_up(started, deltawire, "socket")
        for number in range(TALKS):
            for is_kept in (False, True):
                sys.stderr.write(f"{database}, talk {number + 1}{', kept' if is_kept else ''}\n")
                where = tuple(await made(deltawire, TALK.streams)) if is_kept else ()
                load = msgspec.structs.replace(TALK, conversations=where)
                talks[is_kept].append(await talk(started, deltawire, load))
    return TurnCosts(database, talks[False], talks[True])


async def talk(started: Bench, deltawire: Running, load: Load) -> Talk:
    """A load; of its CPU, what is spent while every stream is between its first and its last delta, apart."""
    async with asyncio.TaskGroup() as group:
        whole = group.create_task(measure.under(started, deltawire, "socket", load))
        await asyncio.sleep(BEFORE_SECONDS)
        used, began = proc.cpu_seconds(deltawire.pid), time.monotonic()
        await asyncio.sleep(AMID_SECONDS)
        used, seconds = proc.cpu_seconds(deltawire.pid) - used, time.monotonic() - began
    round_ = whole.result()
    delta = used / (seconds * load.streams * 1000 / load.interval_ms)
    turn = (round_.cpu_seconds - delta * round_.chunks) / load.streams
    return Talk(delta * 1e6, turn * 1e3, round_.first(0.5), round_.first(0.99))


async def made(deltawire: Running, number: int) -> list[str]:
    """New conversations."""
    async with aiohttp.ClientSession(f"http://{deltawire.address}") as http:
        ids = []
        for _ in range(number):
            async with http.post("/conversations", json={}) as response:
                ids.append((await response.json())["id"])
    return ids


async def all_turn_costs() -> list[TurnCosts]:
    """The same on each database."""
    with postgres({"unix_socket_directories": ""}) as server:
        url = Settings(database_url=server.url).database
        await migrate(url)
        async with bench() as started:
            return [
                await turn_costs("SQLite", started),
                await turn_costs("PostgreSQL", started, DELTAWIRE_DATABASE_URL=server.url),
            ]


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach as well."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def run(folder: Path, conversations: int, rounds: int) -> list[Stored]:
    """Measure each database."""
    corpus = Corpus(conversations)
    return [await on_sqlite(corpus, folder, rounds), await on_postgresql(corpus, folder, rounds)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder in which the databases are kept, or found")
    parser.add_argument("--conversations", type=int, default=CONVERSATIONS)
    arguments = parser.parse_args()
    with temporary_folder() as temporary:
        folder = arguments.data or temporary
        folder.mkdir(exist_ok=True)
        stored = uvloop.run(run(folder, arguments.conversations, rounds=40))
        page = store_page.page(arguments.conversations, stored, uvloop.run(all_turn_costs()), os.getloadavg()[1])
    sys.stdout.write(page)
    if arguments.conversations == CONVERSATIONS:
        PAGE.write_text(page)


if __name__ == "__main__":
    main()
