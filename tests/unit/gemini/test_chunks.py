"""The chunks of a body: content out, everything else to the parser."""

import pytest

from deltawire.gemini.chunks import ChunkReader

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
BODY = b"5\r\nhello\r\n1A\r\n\r\n0\r\nabcdefghijklmnopqrstu\r\n1\r\n!\r\n"
CONTENT = b"hello\r\n0\r\nabcdefghijklmnopqrstu!"


def read(pieces: list[bytes], head: bytes = HEAD) -> tuple[bytes, bytes]:
    """The content of these reads, and what the parser gets."""
    chunks = ChunkReader()
    chunks.begin(head)
    content = rest = b""
    for piece in pieces:
        rest += chunks.feed(piece)
        content += chunks.take()
    return content, rest


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_the_content_is_taken_out_wherever_a_read_ends_and_the_parser_gets_the_end(size: int) -> None:
    whole = BODY + END
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    assert read(pieces) == (CONTENT, END)


@pytest.mark.parametrize("size", [1, 15, 16, 17, 255, 256, 257, 4095, 4096, 70_000])
def test_a_read_that_is_one_chunk_is_taken_whole(size: int) -> None:
    for head in (b"%x" % size, b"%X" % size, b"0%x" % size):
        assert read([b"%b\r\n%b\r\n" % (head, b"x" * size), END]) == (b"x" * size, END)


@pytest.mark.parametrize(
    "odd",
    [b"5;name=value\r\nhello\r\n", b"5\nhello\n", b" 5\r\nhello\r\n", b"+5\r\nhello\r\n", b"x\r\n", b"123456789\r\n"],
)
def test_the_parser_judges_what_is_no_plain_chunk_and_all_that_follows(odd: bytes) -> None:
    assert read([b"1\r\n!\r\n" + odd, b"1\r\n!\r\n"]) == (b"!", odd + b"1\r\n!\r\n")


def test_a_chunk_that_does_not_end_where_it_said_fails_in_the_parser() -> None:
    content, rest = read([b"5\r\nhelloabc\r\n", b"1\r\n!\r\n"])
    assert content == b"hello"
    assert rest.startswith(b"-")


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace(b"200", b"500"),
        HEAD.replace(b"chunked", b"gzip, chunked"),
        HEAD.replace(b"Content-Type: text/event-stream", b"content-encoding: gzip"),
        HEAD.replace(b"Transfer-Encoding: chunked", b"Content-Length: 9"),
    ],
)
def test_the_parser_gets_every_byte_of_another_body(head: bytes) -> None:
    assert read([BODY], head) == (b"", BODY)
