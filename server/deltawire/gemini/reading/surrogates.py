"""Surrogate pairs whose halves come in two events. No I/O."""

from collections.abc import Iterator
from typing import Any, Final

from deltawire.gemini.reading.loose_json import as_list, as_object

TEXT: Final = "text"
"""The kind of a piece of the answer."""
_THOUGHT: Final = "thought"


class SurrogateHalves:
    """Joins the halves: the first one waits for the next piece of its kind."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        """Start without a half."""
        self.waiting: dict[str, str] = {}
        """The first halves, by the kinds of their pieces."""

    def join(self, event: dict[str, Any]) -> None:
        """Move a half at the end of a piece of this event to the beginning of the next piece.

        A half of a thought or of an argument is given up when a piece of another kind comes.
        """
        for kind, holder, name in _pieces(event):
            text = self.waiting.pop(kind, "") + holder[name]
            self.waiting = {other: half for other, half in self.waiting.items() if other == TEXT}
            if "\ud800" <= text[-1:] <= "\udbff":
                self.waiting[kind] = text[-1]
                text = text[:-1]
            holder[name] = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _pieces(event: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the kind of each piece of text, its object, and its field: the text of a part, or of a call's argument."""
    for candidate in as_list(event.get("candidates"))[:1]:
        for part in map(as_object, as_list(as_object(as_object(candidate).get("content")).get("parts"))):
            if isinstance(part.get("text"), str):
                yield (_THOUGHT if part.get("thought") else TEXT), part, "text"
            for piece in map(as_object, as_list(as_object(part.get("functionCall")).get("partialArgs"))):
                if isinstance(piece.get("stringValue"), str):
                    yield f"argument {piece.get('jsonPath')}", piece, "stringValue"
