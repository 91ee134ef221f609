"""The question that asks a model for a title, and the title in its answer. No I/O."""

import re
from typing import Final

from deltawire.conversations.texts import storable

_SHOWN_CHARS: Final = 2_000
"""Of the question, and of the answer: a title needs no more, and costs little then."""
_TITLE_CHARS: Final = 80
_marks = re.compile(r"^[\s#>*_`\"'“”„«»「『\-]+|[\s*_`\"'“”„«»」』.]+$")
_label = re.compile(r"^(?:title|titel|titre|título)\s*[:\uff1a]\s*", re.IGNORECASE)
_spaces = re.compile(r"\s+")


def title_question(question: str, answer: str) -> str:
    """Return the message that asks for a title."""
    return (
        "Write a title of two to six words for this chat, in the language of its question. "
        "Answer with the title alone: no quotes, no markup, no full stop.\n\n"
        f"Question:\n{question[:_SHOWN_CHARS]}\n\nAnswer:\n{answer[:_SHOWN_CHARS]}"
    )


def title_from(text: str) -> str:
    """Return the title in an answer: its first line with words, without marks around it; "" where there is none."""
    for line in text[:_SHOWN_CHARS].splitlines():
        title = _marks.sub("", _label.sub("", _marks.sub("", line)))
        title = _spaces.sub(" ", title)[:_TITLE_CHARS].strip()
        if title:
            return storable(title)
    return ""
