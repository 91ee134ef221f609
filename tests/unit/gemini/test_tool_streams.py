"""Streams with all kinds of parts, drawn at random: our reader tells what a plain reader of the bytes finds."""

import json
from collections.abc import Iterable
from itertools import pairwise
from random import Random
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from support.tool_streams import Reading, drawn, plainly_read

from deltawire.chat.model_parts import ModelParts
from deltawire.gemini.events import (
    Citation,
    CodeOutcome,
    CodeRun,
    Event,
    MadeFile,
    Opaque,
    Progress,
    Searched,
    Source,
    Text,
    ThoughtText,
    ToolCall,
)
from deltawire.gemini.reading.wire import ResponseReader
from deltawire.protocol.errors import Failure

Kind = TypeVar("Kind")
chances = st.integers(0, 2**32).map(Random)


class ReadBody:
    """All that our reader tells of a body."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        reader = ResponseReader(has_tools=True)
        self.events: list[Event] = []
        self.parts = ModelParts()
        self.text = self.thoughts = ""
        for piece in pieces:
            self._take(reader.feed(piece))
        self._take(reader.end())
        self.finish, self.counts = reader.finish_reason, reader.counts

    def _take(self, events: list[Event]) -> None:
        for event in events:
            assert not isinstance(event, Failure), event
            if isinstance(event, Text):
                self.text += event.text
            elif isinstance(event, ThoughtText):
                self.thoughts += event.text
            elif isinstance(event, Opaque):
                self.parts.add(len(self.text), event.covers, event.part)
            elif not isinstance(event, Progress):
                self.events.append(event)

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    def reading(self, usage: dict[str, int]) -> Reading:
        """The same in the plain reader's form."""
        sources = {source.index: source for source in self.of(Source)}
        assert list(sources) == list(range(1, len(sources) + 1)), "in order, each once"
        cited: dict[tuple[int, int], set[str]] = {}
        for one in self.of(Citation):
            uris = {sources[index].uri or "" for index in one.sources}
            assert uris, "a citation names its sources"
            assert not uris & cited.get((one.start, one.end), set()), "and each once"
            cited.setdefault((one.start, one.end), set()).update(uris)
        runs = self.of(CodeRun)
        names = [run.call for run in runs]
        searched = self.of(Searched)
        return Reading(
            text=self.text,
            thoughts=self.thoughts,
            sources={source.uri or "": source.title for source in sources.values()},
            citations={(start, end, frozenset(uris)) for (start, end), uris in cited.items()},
            queries=list(searched[-1].queries) if searched else [],
            html=searched[-1].html if searched else None,
            code=[(run.language, run.code) for run in runs],
            outcomes=[(one.outcome, one.output, names.index(one.call)) for one in self.of(CodeOutcome)],
            calls=[
                (None if call.call.startswith("call-") else call.call, call.name, call.arguments)
                for call in self.of(ToolCall)
            ],
            files=[(file.type, file.data) for file in self.of(MadeFile)],
            parts=json.loads(self.parts.encoded(self.text)),
            finish=self.finish,
            usage=usage,
        )


def pieces_of(body: bytes, chance: Random) -> list[bytes]:
    cuts = sorted({0, len(body), *(chance.randrange(len(body)) for _ in range(chance.randrange(40)))})
    return [body[start:end] for start, end in pairwise(cuts)]


@given(chances)
@settings(max_examples=200)
def test_a_stream_is_told_as_a_plain_reader_finds_it(chance: Random) -> None:
    body = drawn(chance)
    plain = plainly_read(body)
    result = ReadBody([body])
    read = result.reading(plain.usage)
    for name, found, expected in zip(Reading._fields, read, plain, strict=True):
        assert found == expected, (name, body.decode())
    counts = result.counts
    assert (counts.input, counts.output, counts.thought, counts.tool, counts.total) == tuple(
        plain.usage[f"{name}TokenCount"] for name in ("prompt", "candidates", "thoughts", "toolUsePrompt", "total")
    )
    assert counts.queries == len(plain.queries)


@given(chances)
@settings(max_examples=60)
def test_wherever_a_stream_is_cut_it_is_told_the_same(chance: Random) -> None:
    body = drawn(chance)
    whole = ReadBody([body]).reading({})
    for pieces in (pieces_of(body, chance), [body[at : at + 1] for at in range(len(body))]):
        assert ReadBody(pieces).reading({}) == whole, body.decode()
