"""An upstream that misbehaves by name, and remembers what it said to each turn."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from support.upstream import Exchange, answer

from bench.chaos import tools

BYTE_PIECE = 7
FLOOD_PIECE = "x" * 16_384


class Counted(NamedTuple):
    """The tokens of an answer, as this upstream counts them."""

    input: int
    output: int
    thought: int
    cached: int

    @property
    def total(self) -> int:
        return self.input + self.output + self.thought

    def on_the_wire(self) -> dict[str, int]:
        return {
            "promptTokenCount": self.input,
            "candidatesTokenCount": self.output,
            "thoughtsTokenCount": self.thought,
            "cachedContentTokenCount": self.cached,
            "totalTokenCount": self.total,
        }


class Attempt:
    """One request of a turn: what was said to it."""

    def __init__(self, exchange: Exchange, number: int, chance: random.Random) -> None:
        self.exchange = exchange
        self.model = exchange.model
        self.chance = chance
        self.texts: list[str] = []
        self.counts: list[Counted] = []
        """The counts that were sent, the last one at the end."""
        self.round = tools.round_of(exchange.body["contents"])
        self.called: list[dict[str, Any]] = []
        """The parts of the calls that were made."""
        self._input = 1_000 + number  # no two attempts have the same
        self._cached = number % 500

    @property
    def text(self) -> str:
        return "".join(self.texts)

    async def say(self, text: str, *, finish: str | None = None, counts: bool = False, thought: bool = False) -> None:
        """Send a piece, remembered before it is on its way."""
        if not thought:
            self.texts.append(text)
        usage = self.count() if counts else None
        await self.exchange.text(text, finish=finish, thought=thought, usage=usage)

    async def dribble(self, text: str) -> None:
        """Send the last piece in little parts, which end anywhere."""
        self.texts.append(text)
        body = b"data: " + encoded(answer(text, finish="STOP", usage=self.count())) + b"\r\n\r\n"
        for start in range(0, len(body), BYTE_PIECE):
            await self.exchange.send(body[start : start + BYTE_PIECE])

    async def rest(self, most: float = 0.02) -> None:
        await asyncio.sleep(self.chance.uniform(0, most))

    def count(self) -> dict[str, int]:
        self.counts.append(Counted(self._input, 2 + len(self.text) // 4, len(self.texts) % 5, self._cached))
        return self.counts[-1].on_the_wire()


def encoded(event: object) -> bytes:
    from json import dumps  # noqa: PLC0415 - this is the only place

    return dumps(event).encode()


def words(attempt: Attempt) -> list[str]:
    """Pieces with letters of one to four bytes."""
    return [attempt.chance.choice(("word ", "Größe ", "日本 ", "😀 ", "\n\n", "a" * 300)) for _ in range(6)]


async def whole(attempt: Attempt) -> None:
    await attempt.exchange.start()
    for word in words(attempt):
        await attempt.say(word)
        await attempt.rest()
    await attempt.say("end.", finish="STOP", counts=True)
    await attempt.exchange.finish()


async def counts_with_each_piece(attempt: Attempt) -> None:
    await attempt.exchange.start()
    for word in words(attempt):
        await attempt.say(word, counts=True)
        await attempt.rest()
    await attempt.say("end.", finish="MAX_TOKENS", counts=True)
    await attempt.exchange.finish()


async def thinks(attempt: Attempt) -> None:
    await attempt.exchange.start()
    await attempt.say("Hmm.", thought=True)
    await attempt.rest()
    await attempt.say("Yes.", finish="STOP", counts=True)
    await attempt.exchange.finish()


async def dribbles(attempt: Attempt) -> None:
    await attempt.exchange.start()
    await attempt.dribble("Größe: 日本 😀")
    await attempt.exchange.finish()


async def says_much(attempt: Attempt) -> None:
    await attempt.exchange.start()
    await attempt.say("ö" * 100_000)
    await attempt.say(".", finish="STOP", counts=True)
    await attempt.exchange.finish()


async def begins(attempt: Attempt) -> None:
    await attempt.exchange.start()
    await attempt.say("Hello", counts=True)
    await attempt.rest()


async def breaks_off(attempt: Attempt) -> None:
    await begins(attempt)
    attempt.exchange.cut()


async def resets(attempt: Attempt) -> None:
    await begins(attempt)
    attempt.exchange.reset()


async def resets_at_once(attempt: Attempt) -> None:
    attempt.exchange.reset()


async def forgets_to_finish(attempt: Attempt) -> None:
    await begins(attempt)
    await attempt.exchange.finish()


async def fails_late(attempt: Attempt) -> None:
    await begins(attempt)
    await attempt.exchange.event({"error": {"code": 500, "status": "INTERNAL", "message": "x"}})
    await attempt.exchange.finish()


async def babbles(attempt: Attempt) -> None:
    await attempt.exchange.start()
    await attempt.exchange.send(b"data: {not json}\r\n\r\n")
    await attempt.exchange.finish()


async def is_silent(attempt: Attempt) -> None:
    """No headers."""


async def starts_and_is_silent(attempt: Attempt) -> None:
    await attempt.exchange.start()


async def floods(attempt: Attempt) -> None:
    await attempt.exchange.start()
    while True:
        await attempt.exchange.text(FLOOD_PIECE)


def fails(status: int, reason: str) -> Callable[[Attempt], Awaitable[None]]:
    async def script(attempt: Attempt) -> None:
        await attempt.exchange.fail(status, reason)

    return script


KINDS: Mapping[str, tuple[int, Callable[[Attempt], Awaitable[None]]]] = {
    "whole": (30, whole),
    "counts with each piece": (15, counts_with_each_piece),
    "thinks": (5, thinks),
    "dribbles": (5, dribbles),
    "much": (3, says_much),
    "fails once": (6, whole),
    "silence": (2, begins),
    "cut": (3, breaks_off),
    "reset": (3, resets),
    "reset at once": (2, resets_at_once),
    "no finish": (3, forgets_to_finish),
    "an error in the stream": (3, fails_late),
    "no JSON": (2, babbles),
    "no headers": (1, is_silent),
    "no token": (1, starts_and_is_silent),
    "flood": (2, floods),
    "429": (2, fails(429, "RESOURCE_EXHAUSTED")),
    "500": (2, fails(500, "INTERNAL")),
    "400": (2, fails(400, "INVALID_ARGUMENT")),
    **tools.KINDS,
}
"""A weight and a script for each."""


class Provider:
    """Answers by the name in the message, `KIND|CALLER|TURN`, and sees who runs at once."""

    def __init__(self, seed: int) -> None:
        self.attempts: defaultdict[str, list[Attempt]] = defaultdict(list)
        self.most_at_once: dict[str, int] = {}
        """The most turns of a caller that were open at the same time."""
        self.requested_at: defaultdict[str, list[float]] = defaultdict(list)
        """The time at which each turn of a caller was first asked, on the loop's clock."""
        self._open: defaultdict[str, list[tuple[str, Exchange]]] = defaultdict(list)
        self._chance = random.Random(seed)
        self._number = 0

    async def play(self, exchange: Exchange) -> None:
        kind, caller, turn = tools.last_question(exchange.body["contents"]).split("|")
        self._number += 1
        attempt = Attempt(exchange, self._number, self._chance)
        is_first = not self.attempts[turn]
        self.attempts[turn].append(attempt)
        self._record(caller, turn, exchange, is_first=is_first)
        if kind == "fails once" and is_first:
            await exchange.fail(503, "UNAVAILABLE")
        else:
            await KINDS[kind][1](attempt)

    def _record(self, caller: str, turn: str, exchange: Exchange, *, is_first: bool) -> None:
        if is_first:
            self.requested_at[caller].append(asyncio.get_running_loop().time())
        still = [(other, there) for other, there in self._open[caller] if not there.closed.is_set() and there.is_open()]
        self._open[caller] = [*still, (turn, exchange)]
        running = len({other for other, _ in self._open[caller]})
        self.most_at_once[caller] = max(running, self.most_at_once.get(caller, 0))
