"""A server under siege: one caller does the worst, another one asks; and what both of them cause."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import msgspec

from deltawire.conversations.database import Database
from deltawire.conversations.tree import Tree
from support.client import Client, connected
from support.functions import call, calls
from support.identity import API_KEYS, KEYS, bearer
from support.process import ServerProcess, running
from support.scrape import scrape
from support.siege import Attack, Attacker
from support.upstream import Exchange, Upstream, floods, is_silent, says

_DRIP_SECONDS = 0.01
_LONG_BYTES = 2**16


async def _drips(exchange: Exchange) -> None:
    """A script that sends a word a hundred times a second, without end."""
    await exchange.start()
    while True:
        await exchange.text("word ")
        await asyncio.sleep(_DRIP_SECONDS)


_SCRIPTS = {
    "be silent": is_silent,
    "go on for ever": floods,
    "drip": _drips,
    "call a function": calls(call("f", {})),
}
WATCHED = Path(__file__).with_name("watched_server.py")


class Figures(msgspec.Struct, kw_only=True):
    """The figures of a siege. Times are milliseconds."""

    first_ms: list[float] = msgspec.field(default_factory=list)
    """The other caller's first deltas."""
    livez_ms: list[float] = msgspec.field(default_factory=list)
    before_kib: int
    most_kib: int = 0


async def plays(exchange: Exchange) -> None:
    """Answer as the question asks for. A long one is not parsed: bob asks and is answered in this process, too."""
    last = exchange.texts[-1] if len(exchange.raw_body) < _LONG_BYTES else ""
    await _SCRIPTS.get(last, says("Hello", " world"))(exchange)


@asynccontextmanager
async def besieged(upstream: Upstream, database: str, **settings: str) -> AsyncIterator[ServerProcess]:
    """A server of one process that knows alice and bob."""
    upstream.plays(plays)
    environment = {
        "GEMINI_API_KEY": "none",
        "GOOGLE_GEMINI_BASE_URL": upstream.url,
        "DELTAWIRE_API_KEYS": API_KEYS,
        "DELTAWIRE_DATABASE_URL": database,
        "DELTAWIRE_PUBLIC_SHARES": "true",
        **{f"DELTAWIRE_{name.upper()}": value for name, value in settings.items()},
    }
    async with running(sys.executable, str(WATCHED), **environment) as server:
        await server.ready()
        async with connected(server.address, additional_headers=bearer(KEYS["bob"])) as bob:
            await bob.ask()  # what is done once, at the first turn, is done; and the document, which is made once
        await Attacker(server.address, KEYS["bob"]).ask("GET", "/schema/openapi.json")
        server.lines.clear()
        yield server


async def attacker(address: str, url: str, megabytes: int) -> Attacker:
    """Alice, with a conversation of so many megabytes."""
    alice = Attacker(address, KEYS["alice"])
    _, body = await alice.ask("POST", "/conversations", b'{"title":"large"}')
    large = str(msgspec.json.decode(body)["id"])
    text = "".join(f"filling{number}\n" for number in range(5_000))[:50_000]
    database = Database(url)
    tree = Tree("key:alice", large)
    for number in range(20 * megabytes):
        async with database.writing() as transaction:
            await tree.add(transaction, id=f"{large}-{number}", role="user", text=text, answered=False)
            await tree.change(transaction, messages=1, text_bytes=len(text))
    await database.close()
    return msgspec.structs.replace(alice, large=large)


async def under(
    attacks: Sequence[Attack], alice: Attacker, server: ServerProcess, seconds: float, answers: int = 0
) -> Figures:
    """Let bob ask while alice runs all these attacks at once, for so long and until he has had so many answers.

    She is a process of her own: what she does would delay him here, too.
    """
    enough = asyncio.Event()
    figures = Figures(before_kib=server.resident_kib())
    async with _attacking(attacks, alice) as attack:
        tasks = [
            asyncio.create_task(_asks(server.address, figures, answers, enough)),
            asyncio.create_task(_probe_liveness(server.address, figures)),
            asyncio.create_task(_watch_memory(server, figures)),
            *([asyncio.create_task(attack.wait())] if attack is not None else []),
        ]
        try:
            begun = time.monotonic()
            while time.monotonic() < begun + seconds or not enough.is_set():
                done, _ = await asyncio.wait(tasks, timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                    raise AssertionError("nobody stops by themselves")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
    return figures


@asynccontextmanager
async def _attacking(attacks: Sequence[Attack], alice: Attacker) -> AsyncIterator[asyncio.subprocess.Process | None]:
    if not attacks:
        yield None
        return
    given = (alice.address, alice.key, alice.large, *(attack.__name__ for attack in attacks))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "support.siege_run", *given, env=environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def quiet(server: ServerProcess, seconds: float) -> None:
    """Wait until the server holds no socket and no turn any more; raise TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            metrics = await scrape(server.address, **bearer(KEYS["bob"]))
            if not metrics.value("sockets") and not metrics.value("turns_running"):
                return
            await asyncio.sleep(0.2)


def held(server: ServerProcess) -> tuple[float, str]:
    """The longest that a callback held the loop, in seconds of CPU without the collector's, and which one it was."""
    lines = [line for line in server.lines if line["event"] == "held"]
    return max(((line["seconds"] - line["collecting"], line["where"]) for line in lines), default=(0.0, ""))


async def _asks(address: str, figures: Figures, answers: int, enough: asyncio.Event) -> None:
    async with connected(address, additional_headers=bearer(KEYS["bob"])) as bob:
        while True:
            if len(figures.first_ms) >= answers:
                enough.set()
            await _ask(bob, figures)
            await asyncio.sleep(0.1)


async def _ask(bob: Client, figures: Figures) -> None:
    began = time.monotonic()
    await bob.chat()
    frame = await bob.receive()
    assert frame["type"] == "delta", frame
    figures.first_ms.append(1_000 * (time.monotonic() - began))
    assert (await bob.until_end())[-1]["type"] == "usage"


async def _probe_liveness(address: str, figures: Figures) -> None:
    async with aiohttp.ClientSession() as http:
        while True:
            began = time.monotonic()
            async with http.get(f"http://{address}/livez") as response:
                assert response.status == 200
            figures.livez_ms.append(1_000 * (time.monotonic() - began))
            await asyncio.sleep(0.1)


async def _watch_memory(server: ServerProcess, figures: Figures) -> None:
    with suppress(FileNotFoundError):
        while True:
            figures.most_kib = max(figures.most_kib, server.resident_kib())
            await asyncio.sleep(0.1)
