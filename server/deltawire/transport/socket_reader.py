"""Read what the client of a socket sends: bytes in, messages and control frames out, within bounds. No I/O."""

from collections.abc import Iterator
from typing import Final

from websockets.frames import CTRL_OPCODES, Frame, Opcode
from websockets.server import ServerProtocol

from deltawire.transport.intake import Intake
from deltawire.transport.messages import Ending, MessageReader

_PIECE_BYTES: Final = 2048
"""Bytes parsed in one piece, and in total after the server's close frame."""
_LONG_PIECE_BYTES: Final = 2**14
"""The same within a long frame: each step costs 40 us, even when it completes nothing."""
_MANY_FRAMES: Final = 64
"""Frames of one step of the event loop: 2 ms or 3."""
_WORTH_OF_A_FRAGMENT: Final = 0.01
"""The cost of a fragment in frames: a message in many fragments is one message, but each fragment costs time."""

Received = str | bytes | Frame | Ending
"""A message, a control frame, or the end of a socket whose client sends too much, or something unreadable."""


class SocketReader:
    """The reader of one socket."""

    __slots__ = ("_after_close", "_conn", "_frames", "_intake", "_messages", "is_closing")

    def __init__(self, conn: ServerProtocol, intake: Intake) -> None:
        """Read by the library's protocol; `intake` is what the client may send."""
        self.is_closing = False
        """True once the server has sent its close frame: from then on only a little is read."""
        self._conn = conn
        self._intake = intake
        self._messages = MessageReader()
        self._after_close = 0
        self._frames = 0
        """Frames of this step."""

    def read(self, data: bytes, now: float) -> Iterator[Received | None]:
        """Yield what these bytes complete, and None where others should have a step of the event loop first.

        The bytes are parsed piece by piece. `now` is the loop's time.
        """
        if not self._intake.bytes.allow(now, len(data)):
            yield Ending(1008, "too many bytes")
        start, size = 0, len(data)
        while start < size:
            if self.is_closing:
                self._after_close += _PIECE_BYTES
                if self._after_close > _PIECE_BYTES:
                    return
            is_in_a_long_frame = len(self._conn.reader.buffer) > _PIECE_BYTES
            end = start + (_LONG_PIECE_BYTES if is_in_a_long_frame else _PIECE_BYTES)
            yield from self._parsed(data[start:end], now)
            start = end
            if self._frames > _MANY_FRAMES:
                self._frames = 0
                yield None

    def count_unfinished(self, caller: str) -> None:
        """Count a message that is still coming for its caller; raise `Failure` when that are too many bytes."""
        unfinished = len(self._conn.reader.buffer) + self._messages.unfinished
        if unfinished or self._intake.holding is not None:
            self._intake.hold(caller, unfinished)

    def close(self) -> None:
        """Drop what the client has sent.

        The library's parser and its protocol refer to each other: an unfinished message would stay until the garbage
        collector comes. The buffer is emptied too: whatever else still refers to the protocol then holds little.
        """
        self._intake.release()
        self._conn.parser.close()
        self._conn.reader.buffer.clear()

    def _parsed(self, piece: bytes, now: float) -> Iterator[Received]:
        conn = self._conn
        conn.receive_data(piece)
        if conn.parser_exc is not None:  # a broken or an oversized frame: the library has written the close frame
            close = conn.close_sent
            yield Ending(1002, "") if close is None else Ending(close.code, close.reason)
            return
        for event in conn.events_received():
            if not isinstance(event, Frame):
                continue
            self._frames += 1
            if not self._intake.frames.allow(now, _WORTH_OF_A_FRAGMENT if event.opcode is Opcode.CONT else 1.0):
                yield Ending(1008, "too many frames")
                return
            received = event if event.opcode in CTRL_OPCODES else self._messages.take(event)
            if received is not None:
                yield received
            event.data = b""  # the library's parser keeps its last frame until the next one has come
