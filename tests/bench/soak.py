"""`make soak`: many turns, every way to leave and every fault drawn at random, and the server ends where it began.

A server in a process of its own; its upstream and its clients here. Writes docs/measurements/soak.md; exit code 1 if
anything was left over, or a turn did not end exactly once.
"""

import argparse
import asyncio
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import uvloop
from support.paths import MEASUREMENTS
from support.process import ServerProcess, running
from support.upstream import Upstream

from bench.callers import Caller, Ends
from bench.faults import plays_by_name

PAGE = MEASUREMENTS / "soak.md"
OF_SQLITE = 3
"""Descriptors that SQLite has at the end and not yet at the beginning, as /proc/PID/fd shows them: the database is open
twice before and after; one or both of these connections have opened its log (`-wal`) since, and the first its index
(`-shm`)."""
OBSERVED = Path(__file__).parent / "observed.py"
SETTINGS = {
    "GEMINI_API_KEY": "none",
    "DELTAWIRE_CONNECT_TIMEOUT": "0.5",
    "DELTAWIRE_FIRST_TOKEN_TIMEOUT": "0.5",
    "DELTAWIRE_TOKEN_TIMEOUT": "0.5",
    "DELTAWIRE_TURN_TIMEOUT": "3",
    "DELTAWIRE_SEND_TIMEOUT": "0.5",
    "DELTAWIRE_PING_INTERVAL": "1",
    "DELTAWIRE_PING_TIMEOUT": "1",
    "DELTAWIRE_RETRIES": "1",
    "DELTAWIRE_RETRY_MAX_DELAY": "0.2",
    "DELTAWIRE_MAX_HISTORY_CHARS": "2000",  # full within the first fifth: what grows after that leaks
    "DELTAWIRE_MAX_HANDSHAKES_PER_MINUTE": "1000000",
}


class State(NamedTuple):
    """The resources that a server holds."""

    tasks: int
    descriptors: int
    resident_kib: int

    def holds_more_than(self, other: "State") -> bool:
        """Return True if a task or a descriptor was added; tasks of the start may have ended since."""
        return self.tasks > other.tasks or self.descriptors > other.descriptors + OF_SQLITE


async def state_of(server: ServerProcess) -> State:
    """Return what the server holds now."""
    before = [line for line in server.lines if line["event"] == "tasks"]
    server.process.send_signal(signal.SIGUSR1)
    while len(before) == len(after := [line for line in server.lines if line["event"] == "tasks"]):
        await server.wait_for_line()
    return State(after[-1]["count"], server.descriptors(), server.resident_kib())


def open_streams(upstream: Upstream) -> int:
    """Return the number of connections that the server holds to it."""
    return sum(not exchange.closed.is_set() for exchange in upstream.exchanges)


class Soak:
    """One run."""

    def __init__(self, turns: int, sockets: int, seconds: float, seed: int) -> None:
        self.turns = turns
        self.sockets = sockets
        self.seconds = seconds
        self.ends = Ends()
        self.states: list[State] = []
        """At the start, after a fifth of the run, at the end."""
        self.server_ends: Counter[str] = Counter()
        self.server_ended: Counter[str] = Counter()
        self.upstream_open = self.upstream_requests = 0
        self.exit_code = -1
        self._chance = random.Random(seed)

    async def run(self) -> None:
        """Do it all."""
        async with Upstream() as upstream:
            upstream.plays(plays_by_name)
            settings = SETTINGS | {"GOOGLE_GEMINI_BASE_URL": upstream.url}
            async with running(sys.executable, str(OBSERVED), **settings) as server:
                await server.ready()
                self.states.append(await state_of(server))
                await self._talk(server)
                await self._settled(server, upstream)
                self.states.append(await state_of(server))
                self.exit_code = await server.stop()
                self.server_ends.update(turn["end"] for turn in server.turns)
                self.server_ended.update(turn["turn"] for turn in server.turns)
                self.server_ended.update(  # cancelled before its limits were checked
                    line["turn"] for line in server.lines if line["event"] == "turn_not_admitted"
                )
                self.upstream_requests = len(upstream.exchanges)
                self.upstream_open = open_streams(upstream)

    async def _talk(self, server: ServerProcess) -> None:
        """Ask all the turns; the first fifth of them has ended before what the server then holds is noted."""
        due: asyncio.Queue[None] = asyncio.Queue()
        callers = [
            asyncio.create_task(Caller(server.address, number, self.ends, self._chance).run(due))
            for number in range(self.sockets)
        ]
        first = self.turns // 5
        await self._ask(due, first)
        self.states.append(await state_of(server))
        await self._ask(due, self.turns - first)
        for caller in callers:
            caller.cancel()
        for problem in await asyncio.gather(*callers, return_exceptions=True):
            if not isinstance(problem, asyncio.CancelledError):
                self.ends.wrong.append(f"a caller failed: {problem!r}")

    async def _ask(self, due: "asyncio.Queue[None]", turns: int) -> None:
        """Ask so many turns at an even pace, and wait for their ends."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(turns):
            due.put_nowait(None)
            await asyncio.sleep(began + (number + 1) * self.seconds / self.turns - loop.time())
        await due.join()

    async def _settled(self, server: ServerProcess, upstream: Upstream) -> None:
        """Wait until the last connections are seen off; what is left after that is a leak."""
        try:
            async with asyncio.timeout(10):
                while (await state_of(server)).holds_more_than(self.states[0]) or open_streams(upstream):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
        except TimeoutError:
            pass

    @property
    def faults(self) -> list[str]:
        """Return the faults, in words."""
        before, _, after = self.states
        twice = [turn for turn, times in self.server_ended.items() if times > 1]
        unlogged = [turn for turn in self.ends.of if turn not in self.server_ended]
        checks = {
            f"{self.upstream_open} upstream streams are open": self.upstream_open > 0,
            f"{before.tasks} tasks before, {after.tasks} after": after.tasks > before.tasks,
            f"{before.descriptors} descriptors before, {after.descriptors} after": after.descriptors
            > before.descriptors + OF_SQLITE,
            f"memory grew by {self.growth:.1%} after the first fifth": self.growth > 0.1,
            f"turns with two ends in the log: {twice[:5]}": bool(twice),
            f"turns with an end for the client and none in the log: {unlogged[:5]}": bool(unlogged),
            f"{self.server_ends['internal']} bugs": self.server_ends["internal"] > 0,
            f"exit code {self.exit_code}": self.exit_code != 0,
        }
        return self.ends.wrong[:5] + [words for words, wrong in checks.items() if wrong]

    @property
    def growth(self) -> float:
        """By how much memory grew after the first fifth of the run."""
        _, early, after = self.states
        return after.resident_kib / early.resident_kib - 1

    def page(self) -> str:
        """The figures, for docs/."""
        before, _, after = self.states
        rows: list[tuple[object, ...]] = [("", "at the start", "after a fifth", "at the end")]
        rows.append(("tasks", before.tasks, "", after.tasks))
        rows.append(("file descriptors", before.descriptors, "", after.descriptors))
        rows.append(("memory, MiB", *(f"{state.resident_kib / 1024:.1f}" for state in self.states)))
        table = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
        ends = ", ".join(f"`{end}` {count:,}" for end, count in self.server_ends.most_common())
        return TEXT.format(
            turns=self.turns,
            sockets=self.sockets,
            seconds=self.seconds,
            table="\n".join([table[0], "| --- | --- | --- | --- |", *table[1:]]),
            ends=ends,
            drawn=len(self.ends.drawn),
            seen=len(self.ends.of),
            logged=len(self.server_ended),
            requests=self.upstream_requests,
            open=self.upstream_open,
        )


TEXT = """\
# Soak: a month in minutes

{turns:,} turns over {sockets} sockets in {seconds:.0f} s, with every departure of a client and every fault of the
upstream drawn at random ({drawn} pairs of them occurred). Clients stay, cancel, close, reset, answer no ping, do not
read, or leave a request. Upstreams answer, think, send single bytes, send as fast as they can, fall silent before and
after their headers and their first token, break off, reset, send invalid data, refuse, or send no finish reason.
`make soak` repeats it. A leak, or a turn that does not end exactly once, fails it.

{table}

Requests to the upstream: {requests:,}; open at the end: {open}. Turns in the log: {logged:,},
each with exactly one end. {seen:,} of those ends reached a client that was still there, and no frame of the turn came
after its end. (A client that resets its connection at once may do so before its question is read: that is no turn.)

How they ended: {ends}.
"""


async def main() -> int:
    parser = argparse.ArgumentParser(description="Soak a server; write docs/measurements/soak.md.")
    parser.add_argument("--turns", type=int, default=20_000)
    parser.add_argument("--sockets", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    soak = Soak(**vars(options))
    await soak.run()
    sys.stdout.write("\n".join([f"seed {options.seed}", soak.page(), *soak.faults, ""]))
    if not soak.faults:
        PAGE.write_text(soak.page())
    return 1 if soak.faults else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
