"""The parts of the model in one turn, with their places in its text, so that all can be sent back unchanged.

The text itself is not kept here: the caller passes it at the end. A turn that is only text keeps nothing.
"""

import msgspec

_encode = msgspec.json.Encoder().encode


class ModelParts:
    """The parts of the model in the round that goes on."""

    __slots__ = ("_marks", "base", "size")

    def __init__(self) -> None:
        """Start before the first word."""
        self.base = 0
        """The characters of the turn's text before the round."""
        self._marks: list[tuple[int, int, bytes]] = []
        self.size = 0
        """Bytes of the parts."""

    def add(self, chars: int, covers: int, part: bytes) -> None:
        """Keep a part that came after this many characters of the turn's text, whose last `covers` it holds itself."""
        self._marks.append((chars - covers, chars, part))
        self.size += len(part)

    @property
    def is_only_text(self) -> bool:
        """True while the round has no part but text."""
        return not self._marks

    def parts(self, text: str) -> bytes:
        """Return the parts of the round as a JSON array, of a turn whose whole text this is."""
        whole, at = [], self.base
        for start, end, part in self._marks:
            if start > at:
                whole.append(_text_part(text[at:start]))
            whole.append(part)
            at = max(at, end)
        if len(text) > at:
            whole.append(_text_part(text[at:]))
        return b"[%b]" % b",".join(part for part in whole if part)

    def next(self, chars: int) -> None:
        """Begin the next round, after this many characters."""
        self.base = chars
        self._marks = []


def _text_part(text: str) -> bytes:
    return _encode({"text": text}) if text else b""
