"""The work of an answer's tools: sources, citations, searches, code; compared with a plain reader of the bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import PIECES, all_bodies

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
)
from deltawire.gemini.reading.wire import ResponseReader

WIKI = {"web": {"uri": "https://wiki.example/", "title": "Wiki"}}
NEWS = {"web": {"uri": "https://news.example/"}}
LETTERS = "a\u00e9\u0639\u05d0\u4e2d\U0001f600e\u0301\n "
"""Letters of each width of UTF-8, some of them written from right to left, and a combining mark."""


def payload(*parts: Any, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    all_parts = [{"text": part} if isinstance(part, str) else part for part in parts]
    ended = {} if finish is None else {"finishReason": finish}
    return {"candidates": [{"content": {"parts": all_parts, "role": "model"}, **ended, **fields}]}


def support(text: str, start: int, /, *chunks: int, **segment: Any) -> dict[str, Any]:
    end = {"endIndex": start + len(text.encode())}
    begin = {"startIndex": start} if start else {}
    return {"segment": {**begin, **end, "text": text, **segment}, "groundingChunkIndices": list(chunks)}


def grounded(*supports: Any, chunks: Any = (WIKI, NEWS), queries: Any = ("sky",), html: Any = "<b>") -> dict[str, Any]:
    entry = {"renderedContent": html}
    return {
        "groundingMetadata": {
            "searchEntryPoint": entry,
            "groundingChunks": list(chunks),
            "groundingSupports": list(supports),
            "webSearchQueries": list(queries),
        }
    }


def body_of(*payloads: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(one, ensure_ascii=False).encode() + b"\r\n\r\n" for one in payloads)


def events_of(body: bytes, piece: int = 2**24, *, has_tools: bool = True) -> list[Event]:
    """The events of a body that comes in pieces, with neighbouring texts joined."""
    reader = ResponseReader(has_tools=has_tools)
    read = [event for at in range(0, len(body), piece) for event in reader.feed(body[at : at + piece])]
    joined: list[Event] = []
    for event in [*read, *reader.end()]:
        last = joined[-1] if joined else None
        if isinstance(event, Text | ThoughtText) and isinstance(last, Text | ThoughtText) and type(event) is type(last):
            joined[-1] = type(event)(last.text + event.text)
        elif not isinstance(event, Progress | Opaque):
            joined.append(event)
    return joined


def events_without_text(*payloads: Any) -> list[Event]:
    return [event for event in events_of(body_of(*payloads)) if not isinstance(event, Text | ThoughtText)]


def citations(*payloads: Any) -> list[Citation]:
    return [event for event in events_without_text(*payloads) if isinstance(event, Citation)]


def plainly_read(body: bytes) -> tuple[str, list[str], set[tuple[str, frozenset[str]]]]:
    """The text of a body, the addresses of its sources, and the cited texts with theirs, read plainly."""
    text, pages, cited = "", [], set[tuple[str, frozenset[str]]]()
    for line in body.decode().split("\n"):
        if not line.startswith("data:"):
            continue
        candidate = (json.loads(line[5:]).get("candidates") or [{}])[0]
        for part in candidate.get("content", {}).get("parts", []):
            text += "" if part.get("thought") else part.get("text", "")
        found = candidate.get("groundingMetadata", {})
        chunks = [chunk["web"]["uri"] for chunk in found.get("groundingChunks", [])]
        pages += [uri for uri in chunks if uri not in pages]
        for one in found.get("groundingSupports", []):
            segment = one["segment"]
            if text.encode()[segment.get("startIndex", 0) : segment["endIndex"]] == segment["text"].encode():
                cited.add((segment["text"], frozenset(chunks[index] for index in one["groundingChunkIndices"])))
    return text, pages, cited


OURS = body_of(
    payload("Blau \U0001f600 "),
    payload("ist er.", finish="STOP", **grounded(support("ist er", 10, 0), support("x", 0, 1))),
)
RECORDED = {name: body for name, body in all_bodies().items() if b"groundingSupports" in body} | {"ours": OURS}


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("name", RECORDED)
def test_a_recording_has_the_sources_that_a_plain_reader_finds(name: str, piece: int) -> None:
    body = RECORDED[name]
    events = events_of(body, piece)
    text, pages, cited = plainly_read(body)
    sources = {event.index: event.uri for event in events if isinstance(event, Source)}
    assert list(sources) == list(range(1, len(pages) + 1))
    assert list(sources.values()) == pages
    found = [event for event in events if isinstance(event, Citation)]
    assert {(text[one.start : one.end], frozenset(sources[index] for index in one.sources)) for one in found} == cited


@given(st.text(LETTERS, max_size=40), st.text(LETTERS, min_size=1, max_size=20), st.integers(1, 64))
def test_a_citation_counts_code_points_wherever_the_bytes_are_cut(before: str, cited: str, piece: int) -> None:
    whole = grounded(support(cited, len(before.encode()), 0))
    body = body_of(payload(before, {"text": "hm", "thought": True}), payload(cited, finish="STOP", **whole))
    assert events_of(body, piece) == events_of(body)
    [found] = [event for event in events_of(body) if isinstance(event, Citation)]
    assert (before + cited)[found.start : found.end] == cited


def test_all_is_told_once_at_the_end_with_the_titles_that_came_later() -> None:
    early: dict[str, Any] = {
        "urlContextMetadata": {"urlMetadata": [fetched("https://wiki.example/")]},
        "groundingMetadata": {},
    }
    once = grounded(support("Blue", 0, 0), queries=["", "sky", "sky"])
    again = grounded(support("Blue", 0, 0, 1), queries=["sky", "rayleigh"])
    assert events_without_text(payload("Blue.", **early), payload("", **once), payload("", finish="STOP", **again)) == [
        Searched(("sky", "rayleigh"), "<b>"),
        Source(1, "Wiki", "https://wiki.example/"),
        Source(2, None, "https://news.example/"),
        Citation(0, 4, (1, 2)),
    ]


def test_what_comes_after_the_finish_is_told_too_and_nothing_twice() -> None:
    first = payload("Blue.", finish="STOP", **grounded(support("Blue", 0, 0), chunks=[WIKI]))
    assert events_without_text(first, payload("", **grounded(support("Blue.", 0, 1)))) == [
        Searched(("sky",), "<b>"),
        Source(1, "Wiki", "https://wiki.example/"),
        Citation(0, 4, (1,)),
        Source(2, None, "https://news.example/"),
        Citation(0, 5, (2,)),
    ]
    assert events_without_text(first, first | payload("", finish="STOP")) == events_without_text(first)


def test_the_same_page_is_one_source_and_a_chunk_without_a_page_is_none() -> None:
    chunks = [WIKI, {}, {"web": {"uri": "https://wiki.example/", "title": "Again"}}, {"maps": {"title": "Kyiv"}}]
    assert events_without_text(
        payload("Blue", finish="STOP", **grounded(support("Blue", 0, 2, 3, 1, 9), chunks=chunks))
    )[1:] == [
        Source(1, "Wiki", "https://wiki.example/"),
        Source(2, "Kyiv", None),
        Citation(0, 4, (1, 2)),
    ]


def fetched(uri: str, status: str = "SUCCESS") -> dict[str, str]:
    return {"retrievedUrl": uri, "urlRetrievalStatus": f"URL_RETRIEVAL_STATUS_{status}"}


def test_a_page_that_the_model_read_is_a_source_and_one_that_it_could_not_read_is_none() -> None:
    pages = [fetched("https://a.example/"), fetched("https://b.example/", "ERROR"), fetched("https://a.example/")]
    read: dict[str, Any] = {"urlContextMetadata": {"urlMetadata": pages}}
    assert events_without_text(payload("Yes", **read), payload("", finish="STOP")) == [
        Source(1, None, "https://a.example/")
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        support("Blue", 1, 0),
        support("Blue", 0),
        support("Blue", 0, 7),
        support("Blue", 0, 0, endIndex=3),
        support("Blue", 0, 0, endIndex=400),
        support("", 0, 0),
        support("Blue", 0, 0, text=None),
        support("Blue", 0, 0, startIndex=-1),
        support("Blue", 0, 0, startIndex="x"),
        {"groundingChunkIndices": [0]},
        None,
        "Blue",
    ],
)
def test_a_support_that_does_not_hold_is_dropped_and_the_others_stay(wrong: Any) -> None:
    [found] = citations(payload("Blue sky", finish="STOP", **grounded(wrong, support("sky", 5, 1))))
    assert (found.start, found.end) == (5, 8)


def test_a_place_that_is_null_is_one_that_is_left_out() -> None:
    text = payload("Blue sky", finish="STOP", **grounded(support("Blue", 0, 0, startIndex=None, endIndex=None)))
    assert [(found.start, found.end) for found in citations(text)] == [(0, 4)]


def test_an_end_that_is_left_out_is_that_of_the_quoted_text() -> None:
    open_ended = support("Blue", 0, 0)
    del open_ended["segment"]["endIndex"]
    assert citations(payload("Blue sky", finish="STOP", **grounded(open_ended))) == [Citation(0, 4, (1,))]


def test_a_letter_that_is_replaced_counts_as_the_provider_sent_it() -> None:
    cited = grounded(support("\U0001f600!", 2, 0))
    payloads = [payload("a\0"), {"candidates": [{"content": {"parts": [{"text": "\ud83d"}]}}]}]
    body = body_of(payloads[0]) + b"data: " + json.dumps(payloads[1]).encode() + b"\n\n"
    body += b"data: " + json.dumps(payload("\ude00!", finish="STOP", **cited)).encode() + b"\n\n"
    events = events_of(body)
    assert events[0] == Text("a\ufffd\U0001f600!")
    assert Citation(2, 4, (1,)) in events


@pytest.mark.parametrize(
    "value", [[], "x", 3, {"groundingChunks": 3, "groundingSupports": {}, "webSearchQueries": "x"}]
)
def test_metadata_of_an_unknown_shape_leaves_the_text_right(value: Any) -> None:
    body = body_of(payload("Blue", finish="STOP", groundingMetadata=value, urlContextMetadata=value))
    assert events_of(body) == [Text("Blue")]


def test_a_program_and_its_outcome_have_one_name() -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "1"}}
    named = {"executableCode": {"language": "PYTHON", "code": "2", "id": "x"}}
    result = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}}
    late = {"codeExecutionResult": {"outcome": "OUTCOME_DEADLINE_EXCEEDED", "id": "x"}}
    broken = {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "!"}}
    assert events_of(body_of(payload("a", code, named, late, result, "b", code), payload(broken, finish="STOP"))) == [
        Text("a"),
        CodeRun("code-1", "python", "1"),
        CodeRun("x", "python", "2"),
        CodeOutcome("x", "deadline_exceeded", ""),
        CodeOutcome("code-1", "ok", "1\n"),
        Text("b"),
        CodeRun("code-3", "python", "1"),
        CodeOutcome("code-3", "failed", "!"),
    ]


def test_a_picture_of_the_answer_is_a_file_and_one_of_the_thoughts_is_none() -> None:
    picture = {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}
    events = events_of(body_of(payload(picture | {"thought": True}, picture, finish="STOP")), has_tools=False)
    assert events == [MadeFile("image/png", b"\x89PNG")]
    picture["inlineData"]["data"] = "iVBORw"  # without its padding
    assert events_of(body_of(payload(picture, finish="STOP")), has_tools=False) == events
    assert "PNG" not in repr(events)


def test_a_turn_without_tools_is_told_only_the_text() -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "1"}}
    body = body_of(payload("Blue", code, finish="STOP", **grounded(support("Blue", 0, 0))))
    assert events_of(body, has_tools=False) == [Text("Blue")]


def test_the_queries_are_counted_once_each() -> None:
    reader = ResponseReader(has_tools=True)
    counted = {"usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}}
    reader.feed(body_of(payload("a", **grounded(queries=["", "x", "y"])), payload("b", **grounded(queries=["x"]))))
    assert reader.counts.queries == 0
    reader.feed(body_of(payload("c") | counted))
    assert reader.counts.queries == 2


def test_many_citations_of_a_long_answer_take_few_steps() -> None:
    text = "\u00e9" * 200_000
    supports = [support("\u00e9" * 8, 2 * at, 0) for at in range(0, 190_000, 10)]
    found = citations(payload(text, finish="STOP", **grounded(*supports)))
    assert [one.start for one in found] == list(range(0, 190_000, 10))
