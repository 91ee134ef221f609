"""`make day`: what hang-ups save, on days of 10,000 requests, each in a minute or two.

Each answer is 500 tokens, 5 to an event, 100 events a second; one client in ten leaves at a random point.
Counts the tokens that the upstream sent before its connection was closed, against the same day with every
stream read to its end: without `grace`, and with some, by how the clients leave. Writes docs/measurements/day.md;
exit code 1 if no token was saved.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from decimal import Decimal

import uvloop
from genai_prices import Usage, calc_price
from support.client import masked, raw_socket
from support.paths import MEASUREMENTS
from support.process import running
from support.upstream import Exchange, Upstream, answer

PAGE = MEASUREMENTS / "day.md"
REQUESTS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
AT_ONCE = 120
EVENTS = 100
TOKENS_AN_EVENT = 5
SECONDS_AN_EVENT = 0.01
LEAVERS = 0.1
A_DAY = 100_000
LIMITS = {"DELTAWIRE_MAX_HANDSHAKES_PER_MINUTE": "1000000", "DELTAWIRE_IDLE_TIMEOUT": "60"}
MODEL = "gemini-2.5-flash"
GRACES = (0, 10, 60)

_WORDS = "one two three four five "
_EVENT = b"data: " + json.dumps(answer(_WORDS)).encode() + b"\r\n\r\n"
_LAST = b"data: " + json.dumps(answer("", finish="STOP")).encode() + b"\r\n\r\n"
WAYS = {
    "on purpose": bytes([0x88, 0x82, 0, 0, 0, 0]) + (1000).to_bytes(2),
    "reload or closed tab": bytes([0x88, 0x82, 0, 0, 0, 0]) + (1001).to_bytes(2),
    "lost link": b"",
}
"""The last bytes of a client that leaves: a close frame with its code, or nothing."""


class Day:
    """The tokens of one day."""

    def __init__(self, grace: float) -> None:
        """`grace` is in seconds."""
        self.grace = grace
        self.left: Counter[str] = Counter()
        """Clients that left, by their ways."""
        self.unsent: Counter[str] = Counter()
        """Tokens that the upstream did not send to them."""

    async def answer(self, exchange: Exchange) -> None:
        """The upstream's side of a request. Its question is the way in which the client leaves, if it does."""
        await exchange.start()
        sent = 0
        try:
            for _ in range(EVENTS):
                await exchange.send(_EVENT)
                sent += TOKENS_AN_EVENT
                await asyncio.sleep(SECONDS_AN_EVENT)
            await exchange.send(_LAST)
            await exchange.finish()
        finally:
            self.unsent[exchange.texts[-1]] += EVENTS * TOKENS_AN_EVENT - sent

    async def ask(self, address: str, way: str | None) -> None:
        """The client's side of it; without a way it stays."""
        reader, writer = await raw_socket(address)
        question = {"type": "chat", "message": way or "stays", "grace": self.grace}
        writer.write(masked(json.dumps(question).encode()))
        listens_for = None if way is None else random.random() * EVENTS * SECONDS_AN_EVENT
        try:
            async with asyncio.timeout(listens_for):
                await reader.readuntil(b'"usage"')
        except TimeoutError:
            assert way is not None
            self.left[way] += 1
            writer.write(WAYS[way])
        writer.close()

    async def run(self) -> None:
        """Let all clients ask, some at a time; wait for the runs that go on."""
        random.seed(1)
        ways = list(WAYS)
        questions = iter([random.choice(ways) if random.random() < LEAVERS else None for _ in range(REQUESTS)])

        async def client(address: str) -> None:
            for way in questions:
                await self.ask(address, way)

        async with Upstream() as upstream:
            upstream.plays(self.answer)
            async with running(GEMINI_API_KEY="none", GOOGLE_GEMINI_BASE_URL=upstream.url, **LIMITS) as server:
                await server.ready()
                await asyncio.gather(*(client(server.address) for _ in range(AT_ONCE)))
                await asyncio.gather(*(exchange.closed.wait() for exchange in upstream.exchanges))


async def main() -> int:
    days = [Day(grace) for grace in GRACES]
    for day in days:
        await day.run()
    page = report(days)
    sys.stdout.write(page)
    if REQUESTS == 10_000:
        PAGE.write_text(page)
    return 0 if days[0].unsent.total() > 0 else 1


def report(days: list[Day]) -> str:
    whole = REQUESTS * EVENTS * TOKENS_AN_EVENT
    saved = days[0].unsent.total()
    scale = A_DAY / REQUESTS
    rows = [
        f"| {day.grace} s | " + " | ".join(f"{_share(day, way):.0%}" for way in WAYS) + f" | {_all(day):.1%} |"
        for day in days
    ]
    return TEXT.format(
        requests=REQUESTS,
        left=days[0].left.total(),
        whole=whole,
        sent=whole - saved,
        saved=saved,
        share=saved / whole,
        ways=" | ".join(WAYS),
        lines=" | ".join("---" for _ in range(len(WAYS) + 2)),
        rows="\n".join(rows),
        a_day=A_DAY,
        saved_a_day=round(saved * scale),
        dollars=price(round(saved * scale)),
        model=MODEL,
    )


def _share(day: Day, way: str) -> float:
    """Return the share of their answers' tokens that was not sent to those who left in this way."""
    return day.unsent[way] / max(1, day.left[way] * EVENTS * TOKENS_AN_EVENT)


def _all(day: Day) -> float:
    """Return the share of all tokens that was not sent."""
    return day.unsent.total() / (REQUESTS * EVENTS * TOKENS_AN_EVENT)


def price(tokens: int) -> Decimal:
    """Dollars for this many output tokens."""
    usage = Usage(input_tokens=0, output_tokens=tokens)
    return calc_price(usage, model_ref=MODEL, provider_id="google").total_price


TEXT = """\
# What hang-ups save

`make day` runs a day in a minute or two: {requests:,} requests for answers of 500 tokens over sockets, {left:,} of
whose clients left at a random moment.

| | tokens sent by the upstream |
| --- | --- |
| every stream read to its end | {whole:,} |
| streams closed when their client left | {sent:,} |
| not received | {saved:,} ({share:.1%}) |

At {a_day:,} requests a day that is {saved_a_day:,} tokens a day, or ${dollars:,.2f} at genai-prices' rate for the
output of {model}. These tokens were not received. No document says whether the provider stops generating,
or billing, when its connection is closed, so this is no promise about a bill.

## With `grace`

A turn with `grace` goes on when its link is lost, so that its client can come back. Nobody comes back on this day. The
share of the tokens that were not sent to those who left, by how they left; the last column counts all {requests:,}
requests:

| `grace` | {ways} | of all tokens |
| {lines} |
{rows}

Whoever closes the socket on purpose, or stops the turn, saves the same with any `grace`. An answer that takes less time
than the grace, as these of a second do, comes whole when its link was lost or its page was closed.
"""

if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
