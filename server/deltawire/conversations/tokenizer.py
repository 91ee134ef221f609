"""The words of a text, as both databases index them and as a search looks for them.

This server splits a text into words itself, because the databases' own parsers differ: from each other, such as about
`web/src/app.tsx`, and from themselves under another locale.
"""

import hashlib
import re
import unicodedata
from typing import Final

_INDEXED_CHARS: Final = 100_000
"""The characters of a text that are indexed: PostgreSQL bounds the index of one text."""
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""The scripts of South-East Asia, China and Japan, which put no spaces between words: each character is a word."""
_word = re.compile(rf"[^\W_{_UNSPACED}]{{1,64}}|[{_UNSPACED}](?<=\w)")
_ascii_word = re.compile(r"[a-z0-9]{1,64}")
_MAX_MARKS: Final = 30
"""The most combining marks in a row that are indexed. No language has more (UAX #15, Stream-Safe Text), and the time
of Unicode's normalization grows with the square of their number."""
_marks = re.compile(rf"[^\w\s\x00-\u02ff]{{{_MAX_MARKS + 1},}}")
"""A run of characters that may hold more marks than that."""
_piece = re.compile(r"(?s).{1,9999}(?:\s|\Z)|.{1,9999}")
"""A piece of a text to fold. Folding stops at the indexed length, because one character may become eighteen."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in order, in lower case; compatible letters (NFKC) become the same letter."""
    text = text[:_INDEXED_CHARS]
    return _ascii_word.findall(text.lower()) if text.isascii() else _word.findall(_folded(text))


def _folded(text: str) -> str:
    # A regular expression takes the two half-width voicing marks for letters: replace them by the combining marks.
    text = text.replace("\uff9e", "\u3099").replace("\uff9f", "\u309a")
    folded = ""
    for piece in _piece.findall(_marks.sub(_without_surplus, text)):
        folded += unicodedata.normalize("NFKC", piece).casefold()
        if len(folded) >= _INDEXED_CHARS:
            break
    return folded[:_INDEXED_CHARS]


def _without_surplus(found: re.Match[str]) -> str:
    chars: list[str] = []
    marks = 0
    for char in found[0]:
        marks = marks + 1 if unicodedata.category(char).startswith("M") else 0
        if marks <= _MAX_MARKS:
            chars.append(char)
    return "".join(chars)


def owner_word(owner: str) -> str:
    """Return the word of an owner, which is indexed with each of their texts; no text holds such a word."""
    return "\u00a7" + hashlib.sha256(owner.encode()).hexdigest()[:16]


def index_text(owner: str, text: str) -> str:
    """Return the words of an owner's text for SQLite's index, joined by the spaces at which its tokenizer splits."""
    return " ".join([owner_word(owner), *dict.fromkeys(words_of(text))])
