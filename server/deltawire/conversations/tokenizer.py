"""The words of a text, as the indexes of both databases hold them and as a search looks for them.

Taken out here, because the databases' own parsers agree with nobody: neither with each other about `web/src/app.tsx`,
nor with themselves under another locale.
"""

import hashlib
import re
import unicodedata
from typing import Final

_INDEXED_CHARS: Final = 100_000
"""What stands behind them in a text is not found: PostgreSQL bounds its index of a text."""
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""The scripts of South-East Asia, China and Japan, which put no spaces between words: each character is one."""
_word = re.compile(rf"[^\W_{_UNSPACED}]{{1,64}}|[{_UNSPACED}](?<=\w)")
_ascii_word = re.compile(r"[a-z0-9]{1,64}")
_MAX_MARKS: Final = 30
"""Combining marks in a row that count: more stand in no language (UAX #15, Stream-Safe Text), and Unicode's
normalization takes the square of their number."""
_marks = re.compile(rf"[^\w\s\x00-\u02ff]{{{_MAX_MARKS + 1},}}")
"""Where more than those may stand."""
_piece = re.compile(r"(?s).{1,9999}(?:\s|\Z)|.{1,9999}")
"""A text is folded in pieces, and no further than is indexed: one character may become eighteen."""


def words_of(text: str) -> list[str]:
    """The words of a text in their order, in small letters; letters that only look different are the same."""
    text = text[:_INDEXED_CHARS]
    return _ascii_word.findall(text.lower()) if text.isascii() else _word.findall(_folded(text))


def _folded(text: str) -> str:
    # Two marks that a regular expression takes for letters are replaced by what they stand for.
    text = text.replace("\uff9e", "\u3099").replace("\uff9f", "\u309a")
    folded = ""
    for piece in _piece.findall(_marks.sub(_without_surplus, text)):
        folded += unicodedata.normalize("NFKC", piece).casefold()
        if len(folded) >= _INDEXED_CHARS:
            break
    return folded[:_INDEXED_CHARS]


def _without_surplus(found: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for char in found[0]:
        marks = marks + 1 if unicodedata.category(char).startswith("M") else 0
        if marks <= _MAX_MARKS:
            kept.append(char)
    return "".join(kept)


def word_of(owner: str) -> str:
    """An owner as one word more of their texts; no text holds such a one."""
    return "\u00a7" + hashlib.sha256(owner.encode()).hexdigest()[:16]


def index_text(owner: str, text: str) -> str:
    """All that a text of an owner is found by, in one piece: SQLite's tokenizer takes it apart at the spaces."""
    return " ".join([word_of(owner), *dict.fromkeys(words_of(text))])
