"""Our reader against google-genai's own: the same text, thoughts, finish and counts, wherever it reads."""

import warnings
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google import genai
from google.genai import types
from support.bodies import KINDER, PIECES, all_bodies
from support.upstream import Upstream, plays_body

from deltawire.gemini.events import MadeFile, Opaque, Progress, Text, ThoughtText, ToolCall
from deltawire.gemini.reading.wire import ResponseReader
from deltawire.protocol.errors import Failure

Summary = tuple[str, str, str | None, dict[str, int | None]]


@pytest.fixture(scope="module")
async def sdk() -> AsyncIterator[tuple[Upstream, genai.Client]]:
    async with Upstream() as upstream:
        options = types.HttpOptions(
            base_url=upstream.url, api_version="v1beta", retry_options=types.HttpRetryOptions(attempts=1)
        )
        client = genai.Client(api_key="none", http_options=options)
        yield upstream, client
        client.close()
        await client.aio.aclose()


async def read_by_the_sdk(client: genai.Client) -> Summary:
    """Raise whatever the SDK raises."""
    config = types.GenerateContentConfig(automatic_continuation=False)
    text = thoughts = ""
    finish: str | None = None
    usage: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # finish reasons that it has not heard of
        async for chunk in await client.aio.models.generate_content_stream(
            model="gemini-2.5-flash", contents="hi", config=config
        ):
            candidate = chunk.candidates[0] if chunk.candidates else types.Candidate()
            for part in (candidate.content and candidate.content.parts) or ():
                if part.thought:
                    thoughts += part.text or ""
                else:
                    text += part.text or ""
            finish = candidate.finish_reason.value.lower() if candidate.finish_reason else finish
            if chunk.usage_metadata is not None:
                usage = chunk.usage_metadata.model_dump()
    return text, thoughts, finish, _sums(usage)


def read_by_us(body: bytes, piece: int) -> Summary:
    reader = ResponseReader()
    text = thoughts = ""
    for events in [*(reader.feed(body[at : at + piece]) for at in range(0, len(body), piece)), reader.end()]:
        for event in events:
            if isinstance(event, Text):
                text += event.text
            elif isinstance(event, ThoughtText):
                thoughts += event.text
            elif not isinstance(event, Progress | MadeFile | Opaque | ToolCall):
                assert isinstance(event, Failure)
                assert event.code in {"blocked", "upstream_truncated"}, "the SDK read this body without raising"
    counts = reader.counts
    names = ("input", "output", "thought", "tool", "cached", "total")
    return text, thoughts, reader.finish_reason, {name: getattr(counts, name) for name in names}


def _sums(usage: dict[str, Any]) -> dict[str, int | None]:
    """The protocol's sums, worked out from the SDK's fields and not by the code under test."""
    named = {
        "input": usage.get("prompt_token_count"),
        "output": usage.get("candidates_token_count"),
        "total": usage.get("total_token_count"),
    }
    if all(count is None for count in named.values()):
        return dict.fromkeys(("input", "output", "thought", "tool", "cached", "total"))
    rest = {
        "thought": usage.get("thoughts_token_count") or 0,
        "tool": usage.get("tool_use_prompt_token_count") or 0,
    }
    sent, total = named["input"], named["total"]
    if named["output"] is None and sent is not None and total is not None:
        named["output"] = total - sent - sum(rest.values())
    return {**named, **rest, "cached": usage.get("cached_content_token_count") or 0}


@pytest.mark.parametrize("name", all_bodies())
async def test_we_read_what_the_sdk_reads(name: str, sdk: tuple[Upstream, genai.Client]) -> None:
    upstream, client = sdk
    body = all_bodies()[name]
    upstream.plays(plays_body(body))
    try:
        expected = await read_by_the_sdk(client)
    except Exception:  # noqa: BLE001 - it raises what its dependencies raise
        expected = None
    if expected is None or name in KINDER:
        assert _ends_in_a_failure_or_is_read_more_kindly(body)
        return
    for piece in PIECES:
        assert read_by_us(body, piece) == expected


def _ends_in_a_failure_or_is_read_more_kindly(body: bytes) -> bool:
    reader = ResponseReader()
    events = reader.feed(body)
    if not (events and isinstance(events[-1], Failure)):
        events += reader.end()
    is_read_more_kindly = body in KINDER.values() or body.startswith((b"[", b":", b"data:{"))
    return is_read_more_kindly != isinstance(events[-1], Failure)
