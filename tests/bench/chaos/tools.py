"""Turns with functions and sources: what the provider says in them, and what must hold of that."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

from support.upstream import answer

if TYPE_CHECKING:
    from bench.chaos.people import ClientTurn
    from bench.chaos.provider import Attempt, Counted
    from bench.chaos.world import Evidence

PAGE = "https://page.example/"
CITED = "日本"
TOOLS: Mapping[str, list[Any]] = {
    "functions": [{"name": "look"}, {"name": "count"}],
    "functions, then cut": [{"name": "look"}],
    "functions, then fails": [{"name": "look"}],
    "sources": ["search"],
}
"""The tools of those kinds of turns that have any."""


def round_of(contents: list[dict[str, Any]]) -> int:
    """The number of rounds of calls that a request brings along after its question."""
    questions = [number for number, content in enumerate(contents) if question_in(content)]
    return sum("functionResponse" in content["parts"][0] for content in contents[questions[-1] :])


def question_in(content: dict[str, Any]) -> str | None:
    """The message that a content is; None for any other."""
    text = content["parts"][0].get("text", "")
    return text if content["role"] == "user" and text.count("|") == 2 else None


def last_question(contents: list[dict[str, Any]]) -> str:
    """The last message of a request."""
    return [question for content in contents if (question := question_in(content))][-1]


async def calls(attempt: "Attempt", *names: str) -> None:
    """Say something and call these functions."""
    await attempt.exchange.start()
    await attempt.say("Let me look. 😀 ")
    for name in names:
        part: dict[str, Any] = {"functionCall": {"name": name, "id": f"{name}-{attempt.round}", "args": {"of": "é"}}}
        part |= {"thoughtSignature": f"sig+/{attempt.exchange.target[-3:]}{id(attempt)}"} if name == "look" else {}
        attempt.called.append(part)
        await attempt.exchange.event({"candidates": [{"content": {"parts": [part], "role": "model"}}]})
        await attempt.rest()
    await attempt.say("", finish="STOP", counts=True)
    await attempt.exchange.finish()


async def uses_functions(attempt: "Attempt") -> None:
    """Two functions in parallel, then one, then the answer."""
    if attempt.round < 2:
        await calls(attempt, *("look", "count")[: 2 - attempt.round])
    else:
        await ends(attempt)


async def ends(attempt: "Attempt") -> None:
    await attempt.exchange.start()
    await attempt.say("It is ", counts=True)
    await attempt.rest()
    await attempt.say("noon.", finish="STOP", counts=True)
    await attempt.exchange.finish()


async def calls_then_breaks_off(attempt: "Attempt") -> None:
    if attempt.round == 0:
        await calls(attempt, "look")
    else:
        await attempt.exchange.start()
        await attempt.say("It is ", counts=True)
        await attempt.rest()
        attempt.exchange.cut()


async def calls_then_fails(attempt: "Attempt") -> None:
    if attempt.round == 0:
        await calls(attempt, "look")
    else:
        await attempt.exchange.fail(500, "INTERNAL")


async def rests_on_pages(attempt: "Attempt") -> None:
    """An answer with a page, a citation and no query, which would have a price of its own."""
    await attempt.exchange.start()
    await attempt.say("Größe 😀 ")
    await attempt.rest()
    text = f"in {CITED}."
    attempt.texts.append(text)
    start = len(f"{attempt.text[: -len(text)]}in ".encode())
    segment = {"startIndex": start, "endIndex": start + len(CITED.encode()), "text": CITED}
    last = answer(text, finish="STOP", usage=attempt.count())
    last["candidates"][0]["groundingMetadata"] = {
        "groundingChunks": [{"web": {"uri": PAGE, "title": "Page"}}],
        "groundingSupports": [{"segment": segment, "groundingChunkIndices": [0]}],
    }
    await attempt.exchange.event(last)
    await asyncio.sleep(0)
    await attempt.exchange.finish()


KINDS: Mapping[str, tuple[int, Callable[["Attempt"], Awaitable[None]]]] = {
    "functions": (8, uses_functions),
    "functions, then cut": (2, calls_then_breaks_off),
    "functions, then fails": (2, calls_then_fails),
    "sources": (5, rests_on_pages),
}


def whole_turns(attempts: "list[Attempt]") -> Iterator["tuple[Attempt, ...]"]:
    """The ways in which a turn may have gone: an attempt of each round, of one round or more."""
    rounds: defaultdict[int, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        rounds[attempt.round].append(attempt)
    for last in range(len(rounds)):
        yield from product(*(rounds[number] for number in range(last + 1)))


def sums_of(attempts: "list[Attempt]") -> "Iterator[Counted]":
    """The counts that a turn may have been told: the last ones of its earlier rounds, and any of its latest."""
    for *earlier, last in whole_turns(attempts):
        if all(attempt.counts for attempt in earlier):
            for count in last.counts:
                yield sum_of([*(attempt.counts[-1] for attempt in earlier), count])


def sum_of(counts: "list[Counted]") -> "Counted":
    first = counts[0]
    return first.__class__(*(sum(kind) for kind in zip(*counts, strict=True)))


def calls_and_results(evidence: "Evidence") -> Iterator[str]:
    """Each round brings back the parts of the one before unchanged, and a result of each call, in their order."""
    for turn, attempts in evidence.provider.attempts.items():
        for attempt in attempts:
            if attempt.round:
                before = [other for other in attempts if other.round == attempt.round - 1 and other.called]
                model, results = attempt.exchange.body["contents"][-2:]
                parts = [part for part in model["parts"] if "functionCall" in part]
                if parts not in [other.called for other in before]:
                    yield f"{turn}: the calls {json.dumps(parts)[:200]} are not those that the provider made"
                answered = [part["functionResponse"] for part in results["parts"]]
                if [one["id"] for one in answered] != [part["functionCall"]["id"] for part in parts]:
                    yield f"{turn}: {answered} are no results of {parts}"
                if any(one["response"] != {"result": f"of {one['id']}"} for one in answered):
                    yield f"{turn}: {answered} are other results than the client's"


def sources(evidence: "Evidence") -> Iterator[str]:
    """A whole answer that rests on a page tells it once, and cites the words that the provider has quoted."""
    for turn in evidence.turns:
        is_whole = turn.end is not None and turn.end.get("finish_reason") == "stop"
        if turn.kind == "sources" and turn.transport != "rest" and is_whole:
            yield from _wrong_citations(turn)


def _wrong_citations(turn: "ClientTurn") -> Iterator[str]:
    pages = [frame["uri"] for frame in turn.frames if frame["type"] == "source"]
    cited = [turn.text[frame["start"] : frame["end"]] for frame in turn.frames if frame["type"] == "citation"]
    if (pages, cited) != ([PAGE], [CITED]):
        yield f"{turn.id}: it rests on {pages}, and cites {cited}"
