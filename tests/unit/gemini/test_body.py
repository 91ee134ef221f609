"""The body of a response: who gets the content that comes, the one who waits for it or the next read."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from deltawire.gemini.body import BodyReader, Response
from deltawire.gemini.chunks import MAX_CONTENT_BYTES, ChunkReader


class FakeConnection:
    """A connection whose bytes come from the test."""

    connected = True

    def __init__(self) -> None:
        self.on_news: Any = None
        self.on_loss: Any = None
        self.is_lost = False
        self.chunks = ChunkReader()
        self.chunks.begin(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")

    def brings(self, content: bytes) -> None:
        assert self.chunks.feed(b"%x\r\n%b\r\n" % (len(content), content)) == b""
        self.chunks.is_full = self.chunks.size > MAX_CONTENT_BYTES
        self.on_news()

    def read_on(self) -> None:
        self.chunks.is_full = False


class Taker:
    """Takes content, or resumes the read."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.goes_on = True

    def __call__(self, content: bytes) -> bool:
        self.taken.append(content)
        return self.goes_on


def body_of(connection: FakeConnection) -> BodyReader:
    content = SimpleNamespace(on_eof=lambda _: None, exception=lambda: None, read_nowait=lambda: b"")
    response = SimpleNamespace(
        chunks=connection.chunks, content=content, connection=SimpleNamespace(protocol=connection), close=lambda: None
    )
    body = BodyReader(cast("Response", response))
    body.take()
    assert not body.has_news
    return body


@pytest.fixture
def connection() -> FakeConnection:
    return FakeConnection()


async def test_content_goes_to_the_one_who_waits_for_it_until_that_resumes_the_read(connection: FakeConnection) -> None:
    body, taker = body_of(connection), Taker()
    waiting = body.news(taker)
    connection.brings(b"one")
    connection.brings(b"two")
    assert (taker.taken, waiting.done(), body.has_news) == ([b"one", b"two"], False, False)
    taker.goes_on = False
    connection.brings(b"three")
    assert (taker.taken[2:], waiting.done()) == ([b"three"], True)
    connection.brings(b"four")
    assert (taker.taken[3:], body.take()) == ([], b"four")


async def test_content_that_comes_after_its_reader_was_cancelled_goes_to_nobody(connection: FakeConnection) -> None:
    body, taker = body_of(connection), Taker()
    body.news(taker).cancel()
    connection.brings(b"late")
    assert (taker.taken, body.take()) == ([], b"late")


async def test_much_content_waits_for_the_read_which_reads_on(connection: FakeConnection) -> None:
    body, taker = body_of(connection), Taker()
    waiting = body.news(taker)
    much = b"x" * (MAX_CONTENT_BYTES + 1)
    connection.brings(much)
    assert (taker.taken, waiting.done(), body.take()) == ([], True, much)
    assert not connection.chunks.is_full


async def test_a_closed_body_gives_nothing_to_the_one_who_waited(connection: FakeConnection) -> None:
    body, taker = body_of(connection), Taker()
    waiting = body.news(taker)
    body.close()
    connection.brings(b"late")
    assert (taker.taken, waiting.done()) == ([], True)
