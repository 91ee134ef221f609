"""The messages in the frames of a socket, and the heads of the frames that it sends (RFC 6455, 5.2 and 5.4)."""

from typing import Final, NamedTuple

from websockets.frames import Frame, Opcode

_MAX_FRAGMENTS: Final = 1_000


class Ending(NamedTuple):
    """The close code and the reason for a client that sent too much, or something unreadable."""

    code: int
    reason: str


class MessageReader:
    """Joins fragments to messages; the library bounds the bytes of a message, this class its fragments."""

    __slots__ = ("_fragments", "_is_text", "unfinished")

    def __init__(self) -> None:
        """Start between two messages."""
        self._fragments: list[bytes] = []
        self._is_text = False
        self.unfinished = 0
        """The bytes of a message that is still coming."""

    def take(self, frame: Frame) -> str | bytes | Ending | None:
        """Return the message that a data frame completes; None while more of it is to come."""
        data = bytes(frame.data)
        if frame.opcode is Opcode.CONT:
            if len(self._fragments) >= _MAX_FRAGMENTS:
                return Ending(1009, "too many fragments")
        else:
            self._is_text = frame.opcode is Opcode.TEXT
            if frame.fin:
                return self._message(data)
        self._fragments.append(data)
        self.unfinished += len(data)
        if not frame.fin:
            return None
        whole = b"".join(self._fragments)
        self._fragments = []
        self.unfinished = 0
        return self._message(whole)

    def _message(self, data: bytes) -> str | bytes | Ending:
        if not self._is_text:
            return data
        try:
            return data.decode()
        except UnicodeDecodeError:
            return Ending(1007, "")


class _TextHeads(dict[int, bytes]):
    """Heads by the size of the payload; one that is not there is made, and not kept."""

    def __missing__(self, size: int) -> bytes:
        if size < 126:
            return b"\x81%c" % size
        if size < 2**16:
            return b"\x81\x7e" + size.to_bytes(2)
        return b"\x81\x7f" + size.to_bytes(8)


TEXT_HEADS: Final = _TextHeads({size: _TextHeads()[size] for size in range(512)})
"""The heads of unmasked text frames that are not fragmented, by the size of their payload in bytes.

Those of most deltas are made once: to look one up takes no call.
"""
