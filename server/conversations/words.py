"""The words of a text, as the indexes of both databases hold them and as a search looks for them.

Taken out here, because the databases' own parsers agree with nobody: neither with each other about `server/app.py`,
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
_unspaced = re.compile(f"([{_UNSPACED}])")
_word = re.compile(r"[^\W_]{1,64}")


def words_of(text: str) -> list[str]:
    """The words of a text in their order, in small letters; letters that only look different are the same."""
    folded = unicodedata.normalize("NFKC", text[:_INDEXED_CHARS]).casefold()[:_INDEXED_CHARS]
    return _word.findall(folded if folded.isascii() else _unspaced.sub(r" \1 ", folded))


def word_of(owner: str) -> str:
    """An owner as one word more of their texts; no text holds such a one."""
    return "\u00a7" + hashlib.sha256(owner.encode()).hexdigest()[:16]


def index_text(owner: str, text: str) -> str:
    """All that a text of an owner is found by, in one piece: SQLite's tokenizer takes it apart at the spaces."""
    return " ".join([word_of(owner), *dict.fromkeys(words_of(text))])
