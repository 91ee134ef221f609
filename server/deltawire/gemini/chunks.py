"""The chunks of a response's body (RFC 9112, 7.1): bytes of a connection in, content out. No I/O.

aiohttp makes some ten calls more for a small chunk. So its parser sees the head of a response and the end of its body,
and every byte of a body that is not made of plain chunks.
"""

import re
from typing import Final

_chunk_head = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
_part_of_a_head = re.compile(rb"[0-9A-Fa-f]{1,8}\r?")
MAX_CONTENT_BYTES: Final = 2**15
"""Bytes of content that are buffered for a client that does not read; with more, reading pauses."""
_NO_CHUNK: Final = b"-"
"""No chunk begins with this byte, so the parser fails, as it would have failed at the bytes before."""


class ChunkReader:
    """Takes the content out of one response's chunks, and leaves the rest to the parser."""

    __slots__ = ("_content", "_missing", "_partial", "is_full", "is_on", "size")

    def __init__(self) -> None:
        """Do nothing yet: the parser gets all bytes until `begin`."""
        self.is_on = False
        """True until the parser has to see a byte of the body; it then gets all that follow."""
        self.size = 0
        """Bytes of content that nobody has read."""
        self.is_full = False
        """True while the connection reads no more, until the content is taken."""
        self._content: list[bytes] = []
        self._partial = b""
        """The start of a chunk's head or of its end, until the rest has come."""
        self._missing = -1
        """Bytes of content that the current chunk lacks; -1 between two chunks."""

    def begin(self, head: bytes) -> None:
        """Start after this head of a response, if its body is plain chunks."""
        lines = head.lower()
        is_chunked = lines.startswith(b"http/1.1 200 ") and b"\r\ntransfer-encoding: chunked\r\n" in lines
        self.is_on = is_chunked and b"\r\ncontent-encoding:" not in lines

    def feed(self, data: bytes) -> bytes:
        """Take the content; return what the parser has to see: nothing, or all from the end of the body on.

        The parser also gets everything that is not a plain chunk, and decides about it.
        """
        if not self.is_on:
            return data
        if self._missing < 0 and not self._partial:
            head, _, rest = data.partition(b"\r\n")
            size = len(rest) - 2
            # Most reads are exactly one chunk. To write its head again is cheaper than to read it.
            if head == b"%x" % size and rest[-2:] == b"\r\n" and size > 0:
                self._content.append(rest[:-2])
                self.size += size
                return b""
        return self._feed_pieces(data)

    def _feed_pieces(self, data: bytes) -> bytes:
        """Take the content of several chunks, or of parts of them; return as `feed` does."""
        data, self._partial = self._partial + data, b""
        at = 0
        while at < len(data):
            if self._missing < 0:
                head = _chunk_head.match(data, at)
                if head is None and _part_of_a_head.fullmatch(data, at):
                    self._partial = data[at:]
                    return b""
                size = 0 if head is None else int(head[1], 16)
                if head is None or size == 0:
                    self.is_on = False
                    return data[at:]
                at, self._missing = head.end(), size
            end = at + self._missing
            self._keep(data[at:end])
            if end + 2 > len(data):
                self._missing = max(0, end - len(data))
                self._partial = data[end:]
                return b""
            if data[end : end + 2] != b"\r\n":
                self.is_on = False
                return _NO_CHUNK + data[end:]
            at, self._missing = end + 2, -1
        return b""

    def take(self) -> bytes:
        """Return the content that has come, about `MAX_CONTENT_BYTES` of it at most; none when all is taken."""
        content = self._content
        if len(content) == 1:
            taken = content.pop()
        else:
            pieces = size = 0
            while pieces < len(content) and size < MAX_CONTENT_BYTES:
                size += len(content[pieces])
                pieces += 1
            taken = b"".join(content[:pieces])
            del content[:pieces]
        self.size -= len(taken)
        return taken

    def _keep(self, content: bytes) -> None:
        if content:
            self._content.append(content)
            self.size += len(content)
