"""The parts of the model in one turn, with their positions in its text, so that all can be sent back unchanged.

The text itself is not kept here: the caller passes it at the end. A turn that is only text keeps nothing.
"""

from typing import NamedTuple

import msgspec

_encode = msgspec.json.Encoder().encode


class _PlacedPart(NamedTuple):
    """A part, and the characters of the turn's text that it holds itself."""

    start: int
    end: int
    part: bytes


class ModelParts:
    """The parts of the model in the round that goes on."""

    __slots__ = ("_placed", "chars_before", "size")

    def __init__(self) -> None:
        """Start before the first part."""
        self.chars_before = 0
        """The characters of the turn's text before the round."""
        self._placed: list[_PlacedPart] = []
        self.size = 0
        """Bytes of the parts."""

    def add(self, chars: int, covers: int, part: bytes) -> None:
        """Keep a part that came after this many characters of the turn's text, whose last `covers` it holds itself."""
        self._placed.append(_PlacedPart(chars - covers, chars, part))
        self.size += len(part)

    @property
    def is_only_text(self) -> bool:
        """True while the round has no part but text."""
        return not self._placed

    def encoded(self, text: str) -> bytes:
        """Return the parts of the round as a JSON array, of a turn whose whole text this is."""
        parts, position = [], self.chars_before
        for start, end, part in self._placed:
            if start > position:
                parts.append(_text_part(text[position:start]))
            parts.append(part)
            position = max(position, end)
        if len(text) > position:
            parts.append(_text_part(text[position:]))
        return b"[%b]" % b",".join(part for part in parts if part)

    def next_round(self, chars: int) -> None:
        """Begin the next round, after this many characters."""
        self.chars_before = chars
        self._placed = []


def _text_part(text: str) -> bytes:
    return _encode({"text": text}) if text else b""
