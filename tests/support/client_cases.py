"""The same cases for each client of OpenAI's API: an upstream that answers by the case, and what it was asked."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from support.files import png
from support.functions import call, calls, contents_of
from support.npm import CLIENTS
from support.serving import serving
from support.transports import ask_rest
from support.upstream import (
    Exchange,
    Upstream,
    blocks_the_prompt,
    fails,
    says,
    says_and_breaks_off,
    says_and_is_silent,
)

MODEL = "gemini-flash-latest"
RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
PICTURE = b64encode(png()).decode()


def rounds_of(count: int, *names: str) -> Callable[[Exchange], Awaitable[None]]:
    """A script that calls these functions at once in so many rounds, and then answers."""

    async def script(exchange: Exchange) -> None:
        number = len(contents_of(exchange)) // 2
        made = [call(name, {"city": f"c{number}"}, signature=f"s{number}") for name in names]
        await (calls(*made, text="Let me look.") if number < count else says("Sunny."))(exchange)

    return script


CASES: dict[str, Callable[[Exchange], Awaitable[None]]] = {
    "text": says("Hello", " world"),
    "stream": says("Hello", " world"),
    "stop": says_and_is_silent("first"),
    "picture": says("Red."),
    "one": rounds_of(1, "weather"),
    "three": rounds_of(3, "weather", "clock"),
    "json": says('{"colour": "red"}'),
    "refusal": blocks_the_prompt,
    "unsafe": says("I", finish="SAFETY"),
    "cut": says_and_breaks_off("half"),
    "busy": fails(429, "RESOURCE_EXHAUSTED", details=[{"@type": RETRY_INFO, "retryDelay": "7s"}]),
    "limit": says("Hello"),
}


def question_of(exchange: Exchange) -> str:
    """The words of the user's first message, which name a case and a client."""
    [text] = [part["text"] for part in contents_of(exchange)[0]["parts"] if "text" in part]
    return str(text)


async def plays_its_case(exchange: Exchange) -> None:
    await CASES[question_of(exchange).partition(" ")[0]](exchange)


class CaseResults:
    """The answers that the clients received in each case, and the requests to the upstream."""

    def __init__(self, answers: dict[str, Any], exchanges: list[Exchange]) -> None:
        self.answers = answers
        self._exchanges = exchanges

    def all_of(self, kind: str) -> list[Exchange]:
        """The requests in this case, by every client."""
        return [exchange for exchange in self._exchanges if question_of(exchange).startswith(f"{kind} ")]

    def exchanges_of(self, kind: str, client: str) -> list[Exchange]:
        """The requests in this case by this client."""
        return [exchange for exchange in self._exchanges if question_of(exchange) == f"{kind} {client}"]


@asynccontextmanager
async def run_cases(*command: str) -> AsyncIterator[CaseResults]:
    """Have a program ask each case once with each of its clients.

    It is given the address of a server, that of one whose caller is over the limit, a model and a picture. It says in a
    line of JSON what it was told, and goes on until its input ends: what a client has not closed stays open until then.
    """
    async with Upstream() as upstream, serving(upstream, retries=0) as address:
        async with serving(upstream, retries=0, turns_per_minute=1) as limited:
            await ask_rest(limited)
            upstream.plays(plays_its_case)
            process = await asyncio.create_subprocess_exec(
                *(*command, address, limited, MODEL, PICTURE),
                cwd=CLIENTS,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=2**20,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            results = CaseResults(json.loads(await process.stdout.readline()), upstream.exchanges)
            for exchange in results.all_of("stop"):
                await exchange.closes()
            process.stdin.close()
            assert await process.wait() == 0
        yield results
