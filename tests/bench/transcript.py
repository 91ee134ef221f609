"""The bytes that a client of a stream received, read once the clock has stopped: are they the whole answer?

No I/O. The services differ in their events; in each, a piece has a `text`, and the end has a `usage`.
The upstream itself is read the same way, for the figures without a relay.
"""

from typing import Any

import httptools
import msgspec

from bench.upstream import text_of

_OPCODE_TEXT = 0x1


class Reading(msgspec.Struct, frozen=True):
    """A stream as its client saw it."""

    deltas: int
    """Pieces of text; a service may join several chunks of the upstream into one."""
    problem: str | None
    """The reason for which it is not the whole answer with one end; None when it is."""


class IncompleteError(ValueError):
    """The bytes stop in the middle of something."""


def read(transport: str, data: bytes, chunks: int) -> Reading:
    """Read a stream of this many chunks; `data` is all that came after the question."""
    try:
        payloads = text_frames(data) if transport == "socket" else events_of(body_of(data))
        events = [msgspec.json.decode(payload) for payload in payloads]
    except (IncompleteError, msgspec.DecodeError, httptools.HttpParserError) as error:
        return Reading(0, f"{type(error).__name__}: {error}")
    texts = [text for event in events if (text := _text(event))]
    return Reading(len(texts), _problem(events, "".join(texts), chunks))


def _problem(events: list[dict[str, Any]], text: str, chunks: int) -> str | None:
    ends = [number for number, event in enumerate(events) if _is_end(event)]
    if ends != [len(events) - 1]:
        return f"ends at {ends} of {len(events)} events; the last is {events[-1:]}"
    if text != "".join(text_of(index) for index in range(chunks)):
        return f"another text, of {len(text)} characters"
    return None


def _text(event: dict[str, Any]) -> str:
    if "candidates" in event:
        return "".join(part["text"] for part in event["candidates"][0]["content"]["parts"])
    text: str = event.get("text", "")
    return text


def _is_end(event: dict[str, Any]) -> bool:
    if "candidates" in event:
        return "finishReason" in event["candidates"][0]
    return event.get("type", "usage") == "usage" and "text" not in event


def text_frames(data: bytes) -> list[bytes]:
    """The payloads of a server's text frames; pings and the like are passed over."""
    payloads = []
    at = 0
    while at < len(data):
        size, start = _size_at(data, at)
        if start + size > len(data):
            raise IncompleteError("a frame")
        if data[at] & 0x0F == _OPCODE_TEXT:
            payloads.append(data[start : start + size])
        at = start + size
    return payloads


def _size_at(data: bytes, at: int) -> tuple[int, int]:
    """A frame's length, and where its payload starts."""
    if at + 2 > len(data):
        raise IncompleteError("a frame's head")
    size = data[at + 1]
    extended = {126: 2, 127: 8}.get(size, 0)
    if extended:
        size = int.from_bytes(data[at + 2 : at + 2 + extended])
    return size, at + 2 + extended


class _Body:
    """httptools' callbacks."""

    def __init__(self) -> None:
        self.body = b""
        self.complete = False

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = True


def body_of(response: bytes) -> bytes:
    """The body of a 200; raise `IncompleteError` for any other response."""
    reader = _Body()
    parser = httptools.HttpResponseParser(reader)
    parser.feed_data(response)
    if not reader.complete or parser.get_status_code() != 200:
        raise IncompleteError(f"a response with status {parser.get_status_code()}")
    return reader.body


def events_of(body: bytes) -> list[bytes]:
    """The data of server-sent events of one `data:` line each."""
    return [line[5:].strip() for line in body.splitlines() if line.startswith(b"data:")]
