"""A Gemini on loopback that is not the bottleneck: raw protocols on uvloop, one timer for all streams.

It sends what the prompt asks for (`prompt`), each chunk in Gemini's shape and in a write of its own.
`GET /streams` tells when the first and the last chunk of every stream were sent, and forgets them.
Prints its address when it listens.
"""

import asyncio
import re
import sys
import time
from collections import defaultdict
from functools import cache

import httptools
import msgspec
import uvloop

_PROMPT = re.compile(rb"stream (\d+): (\d+) chunks, (\d+) ms apart")
_WORDS = "The model's answer comes in pieces like this one, naïve — “quoted”,\nwith 漢字 and\tescapes now and then. "
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_TICKS_A_SECOND = 1000
_PHASES_APART = 7
"""Ticks between one stream's chunks and the next one's; no divisor of an interval."""


class Sent(msgspec.Struct):
    """The times at which a stream's chunks were sent, in seconds of CLOCK_MONOTONIC, which every process shares."""

    first: float
    last: float


def prompt(stream: int, chunks: int, interval_ms: int) -> str:
    """Return the question that asks for a stream; with no interval it is sent as fast as it is read."""
    return f"stream {stream}: {chunks} chunks, {interval_ms} ms apart"


def text_of(index: int) -> str:
    """The text of a stream's chunk: 20 to 60 characters, the same in every stream."""
    start = index * 7 % 40
    return f"{index} {_WORDS[start : start + 20 + index * 13 % 40]}"


@cache
def chunks_of(count: int) -> list[bytes]:
    """A stream as it goes over the wire, a chunked body of one event a chunk."""
    return [_http_chunk(b"data: " + msgspec.json.encode(_event(index, count)) + b"\r\n\r\n") for index in range(count)]


def _event(index: int, count: int) -> dict[str, object]:
    candidate: dict[str, object] = {"content": {"parts": [{"text": text_of(index)}], "role": "model"}, "index": 0}
    if index == count - 1:
        candidate["finishReason"] = "STOP"
    tokens = 10 * (index + 1)
    usage = {
        "promptTokenCount": 12,
        "candidatesTokenCount": tokens,
        "totalTokenCount": 12 + tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 12}],
    }
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": "gemini-2.5-flash",
        "responseId": "mJ0kafDBEpv5nsEP2uWLgAM",
    }


def _http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Wheel:
    """One timer for all streams: they stand in slots a millisecond apart."""

    def __init__(self) -> None:
        self._slots: defaultdict[int, list[Connection]] = defaultdict(list)
        self._tick = 0
        self._turns = False

    def add(self, connection: "Connection", tick: int) -> None:
        """Have a connection send its next chunk at this tick."""
        self._slots[tick].append(connection)
        if not self._turns:
            self._turns = True
            self._tick = now()
            self._turn()

    def _turn(self) -> None:
        while self._tick <= now():
            for connection in self._slots.pop(self._tick, ()):
                connection.send_due()
            self._tick += 1
        self._turns = bool(self._slots)
        if self._turns:
            asyncio.get_running_loop().call_later(1 / _TICKS_A_SECOND, self._turn)


class Connection(asyncio.Protocol):
    """One client; its requests come one after the other."""

    def __init__(self, wheel: Wheel, sent: dict[int, Sent]) -> None:
        self._wheel = wheel
        self._all_sent = sent
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._body = b""
        self._may_write = True
        self._chunks: list[bytes] = []
        self._index = self._interval = self._due = self._phase = 0
        self._sent = Sent(0.0, 0.0)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url
        self._body = b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._url == b"/streams":
            self._tell_streams()
            return
        match = _PROMPT.search(self._body)
        assert match is not None, "the prompt asks for no stream"
        stream, count, self._interval = (int(number) for number in match.groups())
        self._chunks = chunks_of(count)
        self._index = 0
        self._phase = stream * _PHASES_APART
        self._sent = self._all_sent[stream] = Sent(0.0, 0.0)
        self._transport.write(_HEAD)
        if self._interval:
            self._due = now() + self._interval
            self._wheel.add(self, self._due)
        else:
            self._send_all()

    def _tell_streams(self) -> None:
        body = msgspec.json.encode(self._all_sent)
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        self._all_sent.clear()

    def send_due(self) -> None:
        """Send the chunk whose time has come; the pace holds, whether the client reads or not.

        From the second chunk on, the streams are spread evenly over the interval, the same in every run:
        what many chunks cost depends on how many come at once.
        """
        if not self._transport.is_closing() and self._send_one():
            self._due += self._interval - (self._due - self._phase) % self._interval
            self._wheel.add(self, self._due)

    def _send_all(self) -> None:
        while self._may_write and not self._transport.is_closing() and self._send_one():
            pass

    def _send_one(self) -> bool:
        """Send the next chunk; False after the last."""
        self._sent.last = time.monotonic()
        if self._index == 0:
            self._sent.first = self._sent.last
        chunk = self._chunks[self._index]
        self._index += 1
        more = self._index < len(self._chunks)
        self._transport.write(chunk if more else chunk + b"0\r\n\r\n")
        return more

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True
        if not self._interval and self._index < len(self._chunks):
            self._send_all()


def now() -> int:
    """The tick of the wheel."""
    return int(time.monotonic() * _TICKS_A_SECOND)


async def main() -> None:
    wheel = Wheel()
    sent: dict[int, Sent] = {}
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(wheel, sent), "127.0.0.1", 0, backlog=4096
    )
    sys.stdout.write(f"127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
