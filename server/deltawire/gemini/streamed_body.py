"""Bodies of requests that are made while they are sent: a file is never in memory as a whole.

The SDK takes a body as bytes. `StreamedBody` passes through it as bytes, and aiohttp, which knows the type, sends what
it stands for. A request that is sent again is made again.
"""

import base64
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple, Self

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from deltawire.gemini.messages import encoded_size
from deltawire.protocol.errors import Failure

Pieces = Callable[[], AsyncIterator[bytes]]
"""Returns the pieces of a body anew with each call."""


class FileSlot(NamedTuple):
    """A file that is put into a body: its pieces, and its size in bytes."""

    pieces: Pieces
    size: int


class StreamedBody(bytes):
    """The body of a request: its pieces, and its size in bytes."""

    pieces: Pieces
    size: int

    def __new__(cls, pieces: Pieces, size: int) -> Self:
        """`size` is the sum of the pieces."""
        body = super().__new__(cls, b"streamed")
        body.pieces = pieces
        body.size = size
        return body


@aiohttp.payload_type(StreamedBody)
class StreamedPayload(aiohttp.Payload):
    """A streamed body as aiohttp sends it: with its length, and at the pace of the connection."""

    _value: StreamedBody

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self._value.size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002 - aiohttp's
        """Raise TypeError: a body that is not in memory has no text."""
        raise TypeError("a streamed body is not in memory")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send the pieces."""
        sent = 0
        async for piece in self._value.pieces():
            sent += len(piece)
            await writer.write(piece)
        if sent != self._value.size:
            raise Failure("store_unavailable", cause="a file is not as long as it was")

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:  # noqa: ARG002
        """Send the pieces; their length is the announced one."""
        await self.write(writer)


async def encoded(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield pieces in base64."""
    rest = b""
    async for piece in pieces:
        data = rest + piece if rest else piece
        cut = len(data) - len(data) % 3
        rest = data[cut:]
        yield base64.b64encode(memoryview(data)[:cut])
    if rest:
        yield base64.b64encode(rest)


def body_with_files(json: bytes, slots: dict[bytes, FileSlot]) -> StreamedBody:
    """Return a body of JSON in which each mark is replaced by the file of its slot in base64; each mark occurs once."""
    parts: list[Any] = []
    size = 0
    for mark, slot in slots.items():
        before, _, json = json.partition(mark)
        parts += [before, slot.pieces]
        size += len(before) + encoded_size(slot.size)
    parts.append(json)

    async def all_pieces() -> AsyncIterator[bytes]:
        for part in parts:
            if isinstance(part, bytes):
                yield part
            else:
                async for piece in encoded(part()):
                    yield piece

    return StreamedBody(all_pieces, size + len(json))
