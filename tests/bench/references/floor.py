"""The reference from below: a bare relay on uvloop, httptools and msgspec, without one feature.

No limits, deadlines, retries, flow control, pings or logs: what is left is the price of two connections
and of reading and writing each chunk. Arguments: the port, the upstream's `host:port`.
"""

import asyncio
import base64
import hashlib
import sys

import httptools
import msgspec
import uvloop
from msgspec import Struct


class Part(Struct):
    text: str


class Content(Struct):
    parts: list[Part]


class Candidate(Struct):
    content: Content


class Usage(Struct):
    totalTokenCount: int  # noqa: N815 - Gemini's name


class Response(Struct):
    candidates: list[Candidate]
    usageMetadata: Usage  # noqa: N815 - Gemini's name


class TurnRequest(Struct):
    message: str


class Piece(Struct):
    text: str


class End(Struct):
    usage: int


decode_question = msgspec.json.Decoder(TurnRequest).decode
decode_response = msgspec.json.Decoder(Response).decode
encode = msgspec.json.Encoder().encode


class Upstream(asyncio.Protocol):
    """One request to the upstream; writes what comes to its client."""

    def __init__(self, client: "Client", question: TurnRequest) -> None:
        self.client = client
        self.body = encode({"contents": [{"role": "user", "parts": [{"text": question.message}]}]})
        self.parser = httptools.HttpResponseParser(self)
        self.rest = b""
        self.total = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        head = (
            b"POST /v1beta/models/m:streamGenerateContent?alt=sse HTTP/1.1\r\nHost: upstream\r\nContent-Length: %d\r\n"
        )
        transport.write(head % len(self.body) + b"\r\n" + self.body)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        *events, self.rest = (self.rest + body).split(b"\r\n\r\n")
        for event in events:
            response = decode_response(event[6:])
            self.total = response.usageMetadata.totalTokenCount
            self.client.write(encode(Piece(response.candidates[0].content.parts[0].text)))

    def on_message_complete(self) -> None:
        self.client.write(encode(End(self.total)))
        self.client.end()
        self.transport.close()


class Client(asyncio.Protocol):
    """A `POST`, answered with server-sent events, or a socket, answered with text frames."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self.parser = httptools.HttpRequestParser(self)
        self.is_socket = False
        self.key = self.body = b""
        self.tasks: set[asyncio.Task[object]] = set()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.is_socket:
            if data[0] == 0x81:  # a short text frame; the load client's mask is zero
                self.ask(data[6:])
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            accept = base64.b64encode(hashlib.sha1(self.key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            self.transport.write(head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
            self.is_socket = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"sec-websocket-key":
            self.key = value

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if self.body:
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            self.transport.write(head)
            self.ask(self.body)

    def ask(self, body: bytes) -> None:
        question = decode_question(body)
        connecting = asyncio.get_running_loop().create_connection(lambda: Upstream(self, question), *self.upstream)
        task = asyncio.ensure_future(connecting)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def write(self, piece: bytes) -> None:
        if self.is_socket:
            size = len(piece)
            head = bytes((0x81, size)) if size < 126 else b"\x81\x7e" + size.to_bytes(2)
            self.transport.write(head + piece)
        else:
            self.transport.write(b"%x\r\ndata: %b\n\n\r\n" % (len(piece) + 8, piece))

    def end(self) -> None:
        if not self.is_socket:
            self.transport.write(b"0\r\n\r\n")


async def main() -> None:
    port, upstream = sys.argv[1:]
    host, _, upstream_port = upstream.partition(":")
    server = await asyncio.get_running_loop().create_server(
        lambda: Client((host, int(upstream_port))), "127.0.0.1", int(port), backlog=2048
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
