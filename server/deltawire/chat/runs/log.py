"""The log of a run: its frames, numbered from 1, so that any of them can be sent again."""

from array import array
from itertools import islice
from typing import Final

from msgspec.structs import replace

from deltawire.protocol.frames import Delta, ErrorFrame, NumberedFrame, Started, Thought, Usage, encode

_SEGMENT_BYTES: Final = 2**14
"""The most text that is sent again as one frame, unless a frame was longer by itself."""
_SEGMENTS_AT_ONCE: Final = 8
"""The most segments that a listener is given at once."""
_SEGMENT_COST_BYTES: Final = 256
"""Bytes of memory for a segment, besides its text and its marks."""
_MARK_BYTES: Final = 4
_FRAME_COST_BYTES: Final = 1024
"""Bytes of memory for a frame that is not text; the content of a part counts in addition."""


class _Text:
    """Neighbouring pieces of text of one kind, joined; `marks` holds the end of each piece."""

    __slots__ = ("data", "first", "kind", "marks")

    def __init__(self, kind: type[Delta | Thought], first: int) -> None:
        self.kind = kind
        self.first = first
        self.data: bytearray | bytes = bytearray()
        self.marks = array("I")

    @property
    def last(self) -> int:
        return self.first + len(self.marks) - 1

    def close(self) -> None:
        """Release memory that is not used: a growing array has an eighth more than it needs."""
        self.data = bytes(self.data)
        self.marks = self.marks[:]

    def after(self, turn: str, seq: int) -> Delta | Thought:
        """Return the text after this number, as one frame."""
        start = self.marks[seq - self.first] if seq >= self.first else 0
        return self.kind(turn, self.data[start:].decode(), self.last)


class _SingleFrame:
    """A frame that is kept as it is."""

    __slots__ = ("cost", "frame", "last")

    def __init__(self, frame: NumberedFrame, number: int) -> None:
        self.frame = frame
        self.last = number
        is_bounded = isinstance(frame, Started | Usage | ErrorFrame)
        self.cost = _FRAME_COST_BYTES if is_bounded else _FRAME_COST_BYTES + 2 * len(encode(frame))

    def after(self, turn: str, seq: int) -> NumberedFrame:  # noqa: ARG002 - the shape that `_Text` has
        return self.frame


class RunLog:
    """The frames of one run; the oldest may be dropped."""

    __slots__ = ("_open", "_segments", "first", "last", "size", "turn")

    def __init__(self, turn: str) -> None:
        """Start empty; `turn` is the id in its frames."""
        self.turn = turn
        """The id of the turn, in each frame."""
        self._segments: list[_Text | _SingleFrame] = []
        self._open: _Text | None = None
        """The last segment, when it holds text and may grow."""
        self.first = 1
        """The number of the first frame that is kept."""
        self.last = 0
        """The number of the newest frame; 0 where there is none."""
        self.size = 0
        """Bytes of memory, estimated."""

    def add(self, frame: NumberedFrame) -> NumberedFrame:
        """Append a frame; return it with its number."""
        self.last = number = self.last + 1
        kind = type(frame)
        if kind is Delta or kind is Thought:
            self._add_text(kind, frame.text.encode())  # type: ignore[union-attr]
            return kind(frame.id, frame.text, number)  # type: ignore[union-attr,arg-type]
        numbered = replace(frame, seq=number)
        single = _SingleFrame(numbered, number)
        self._segments.append(single)
        self._close()
        self.size += single.cost
        return numbered

    def after(self, seq: int) -> list[NumberedFrame]:
        """Return the next frames after this number, neighbouring pieces of text joined; an empty list for none.

        Of many frames these are only the first: a listener that does not read holds copies of what it was given.
        """
        newer: list[NumberedFrame] = []
        for segment in islice(self._segments, self._index_after(seq), None):
            newer.append(segment.after(self.turn, seq))
            if len(newer) >= _SEGMENTS_AT_ONCE:
                break
        return newer

    def _index_after(self, seq: int) -> int:
        """Return the index of the first segment with a newer frame: mostly the last segment."""
        index = len(self._segments)
        while index and self._segments[index - 1].last > seq:
            index -= 1
        return index

    def holds(self, seq: int) -> bool:
        """Return whether every frame after this number is kept."""
        return seq >= self.first - 1

    def text(self) -> str:
        """Return the answer, as far as it is kept."""
        deltas = (part.data for part in self._segments if isinstance(part, _Text) and part.kind is Delta)
        return b"".join(deltas).decode()

    def drop(self, seq: int) -> None:
        """Drop segments whose frames all have at most this number, the newest segment excepted."""
        dropped = 0
        while dropped < len(self._segments) - 1 and self._segments[dropped].last <= seq:
            segment = self._segments[dropped]
            self.first = segment.last + 1
            self.size -= _cost(segment)
            dropped += 1
        del self._segments[:dropped]

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _add_text(self, kind: type[Delta | Thought], piece: bytes) -> None:
        size = len(piece)
        segment = self._open
        if segment is None or segment.kind is not kind or len(segment.data) + size > _SEGMENT_BYTES:
            self._close()
            segment = self._open = _Text(kind, self.last)
            self._segments.append(segment)
            self.size += _SEGMENT_COST_BYTES
        segment.data += piece
        segment.marks.append(len(segment.data))
        self.size += size + _MARK_BYTES


def _cost(segment: _Text | _SingleFrame) -> int:
    if isinstance(segment, _SingleFrame):
        return segment.cost
    return _SEGMENT_COST_BYTES + len(segment.data) + _MARK_BYTES * len(segment.marks)
