"""`make day`: what hang-ups save, on a day of 10,000 requests in a minute or two.

Each answer is 500 tokens, 5 to an event, 100 events a second; one client in ten leaves at a random point.
Counts the tokens that the upstream sent before its connection was closed, against the same day with every
stream read to its end. Writes docs/measurements/day.md; exit code 1 if no token was saved.
"""

import asyncio
import json
import random
import sys
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
MODEL = "gemini-2.5-flash"

_WORDS = "one two three four five "
_EVENT = b"data: " + json.dumps(answer(_WORDS)).encode() + b"\r\n\r\n"
_LAST = b"data: " + json.dumps(answer("", finish="STOP")).encode() + b"\r\n\r\n"


class Day:
    """The tokens of one day."""

    def __init__(self) -> None:
        self.sent = 0
        self.left = 0

    async def answer(self, exchange: Exchange) -> None:
        """The upstream's side of a request."""
        await exchange.start()
        for _ in range(EVENTS):
            await exchange.send(_EVENT)
            self.sent += TOKENS_AN_EVENT
            await asyncio.sleep(SECONDS_AN_EVENT)
        await exchange.send(_LAST)
        await exchange.finish()

    async def ask(self, address: str, *, stays: bool) -> None:
        """The client's side of it."""
        reader, writer = await raw_socket(address)
        writer.write(masked(b'{"type": "chat", "message": "hi"}'))
        listens_for = None if stays else random.random() * EVENTS * SECONDS_AN_EVENT
        try:
            async with asyncio.timeout(listens_for):
                await reader.readuntil(b'"usage"')
        except TimeoutError:
            self.left += 1
        writer.close()


async def main() -> int:
    day = Day()
    random.seed(1)
    questions = iter([random.random() >= LEAVERS for _ in range(REQUESTS)])

    async def client(address: str) -> None:
        for stays in questions:
            await day.ask(address, stays=stays)

    async with Upstream() as upstream:
        upstream.plays(day.answer)
        limits = {"DELTAWIRE_MAX_HANDSHAKES_PER_MINUTE": "1000000", "DELTAWIRE_IDLE_TIMEOUT": "60"}
        async with running(GEMINI_API_KEY="none", GOOGLE_GEMINI_BASE_URL=upstream.url, **limits) as server:
            await server.ready()
            await asyncio.gather(*(client(server.address) for _ in range(AT_ONCE)))
    whole = REQUESTS * EVENTS * TOKENS_AN_EVENT
    page = report(day, whole)
    sys.stdout.write(page)
    if REQUESTS == 10_000:
        PAGE.write_text(page)
    return 0 if day.sent < whole else 1


def report(day: Day, whole: int) -> str:
    saved = whole - day.sent
    scale = A_DAY / REQUESTS
    dollars = price(round(saved * scale))
    return TEXT.format(
        requests=REQUESTS,
        left=day.left,
        whole=whole,
        sent=day.sent,
        saved=saved,
        share=saved / whole,
        a_day=A_DAY,
        saved_a_day=round(saved * scale),
        dollars=dollars,
        model=MODEL,
    )


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
"""

if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
