"""The stream of an answer: what it offers while a read waits, and what the read returns. The body is a fake."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest
from support.upstream import answer

from deltawire.aio.running_time import RunningTime
from deltawire.gemini.body import BodyReader
from deltawire.gemini.events import Event, Text
from deltawire.gemini.stream import GeminiStream


class FakeBody:
    """A body whose bytes a test sends while a read waits."""

    def __init__(self) -> None:
        self.ended = self.has_news = False
        self._data = b""
        self._on_content: Callable[[bytes], bool] | None = None
        self._waiting: asyncio.Future[None] | None = None

    def news(self, on_content: Callable[[bytes], bool] | None) -> asyncio.Future[None]:
        self._on_content = on_content
        self._waiting = asyncio.get_running_loop().create_future()
        return self._waiting

    def take(self) -> bytes:
        data, self._data, self.has_news = self._data, b"", False
        return data

    def wake(self) -> None:
        self.has_news = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def sends(self, data: bytes) -> None:
        assert self._on_content is not None
        if not self._on_content(data):
            self.wake()


class Offered:
    """Takes what it is offered, or leaves it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.takes = True
        self.bug: Exception | None = None

    def __call__(self, event: Event) -> bool:
        if self.bug is not None:
            raise self.bug
        self.events.append(event)
        return self.takes


def says(text: str, finish: str | None = None) -> bytes:
    counts = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    return b"data: %b\r\n\r\n" % json.dumps(answer(text, finish=finish, usage=counts)).encode()


@asynccontextmanager
async def reading() -> AsyncIterator[tuple[FakeBody, Offered, "asyncio.Task[list[Event]]"]]:
    """A read that waits."""
    body, offered = FakeBody(), Offered()
    stream = GeminiStream(cast("BodyReader", body), 0.0, RunningTime())
    read = asyncio.create_task(stream.read(offered))
    await asyncio.sleep(0)
    yield body, offered, read


async def test_an_event_that_comes_alone_is_offered_and_the_read_goes_on() -> None:
    async with reading() as (body, offered, read):
        body.sends(says("one"))
        body.sends(says("two"))
        assert offered.events == [Text("one"), Text("two")]
        offered.takes = False
        body.sends(says("three"))
        assert await read == [Text("three")]


async def test_half_an_event_is_no_event() -> None:
    async with reading() as (body, offered, read):
        event = says("whole")
        body.sends(event[:20])
        assert offered.events == []
        body.sends(event[20:])
        assert offered.events == [Text("whole")]
        read.cancel()


async def test_events_that_come_together_are_returned_by_the_read() -> None:
    async with reading() as (body, offered, read):
        call = b'data: {"error":{"code":503,"status":"UNAVAILABLE","message":"busy"}}\r\n\r\n'
        body.sends(says("text") + call)
        text, failure = await read
        assert (text, offered.events) == (Text("text"), [])
        assert getattr(failure, "code", None) == "upstream_unavailable"


async def test_an_answer_whose_end_is_proven_ends_although_its_last_text_was_offered() -> None:
    async with reading() as (body, offered, read):
        body.sends(says("end", finish="STOP"))
        assert offered.events == [Text("end")]
        assert await read == []


async def test_an_error_of_the_one_who_takes_is_raised_by_the_read() -> None:
    async with reading() as (body, offered, read):
        offered.bug = ZeroDivisionError()
        body.sends(says("text"))
        with pytest.raises(ZeroDivisionError):
            await read
