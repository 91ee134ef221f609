"""Full-text search, in each database's own way.

All words must stand in one message, or all in the title. Where no message holds the last one as a word, it may
be the beginning of one, so that a search can be typed; looking for beginnings at once would read the places of
every word that they begin. Of a word that stands everywhere only the newest messages are looked at: nobody
pages through the rest, and sorting them all would keep everybody waiting.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from sqlalchemy import TextClause, text

_NEWEST: Final = 1_000
"""How many of the messages that match are looked at, and how many of the titles."""
_MAX_WORDS: Final = 20
_SHORTEST_BEGINNING: Final = 2
_INDEXED: Final = (("messages", "conversation"), ("conversations", "id"))
"""The tables that are indexed, and where each names its conversation."""
_word = re.compile(r"[^\W_]+")

_SQLITE: Final = """
    SELECT {id} AS id FROM {table} WHERE seq IN (
        SELECT rowid FROM {table}_search WHERE {table}_search MATCH :words ORDER BY rowid DESC LIMIT :newest)
"""
_POSTGRESQL: Final = """
    SELECT id FROM (
        SELECT {id} AS id FROM {table} WHERE search @@ (to_tsquery('simple', :words) && CAST(:owner AS tsquery))
        ORDER BY seq DESC LIMIT :newest) AS newest
"""


def owner_key(owner: str) -> str:
    """An owner as one word of the index, which stands in no text by chance."""
    return hashlib.sha256(owner.encode()).hexdigest()[:32]


class Search:
    """What is looked for, among one owner's messages and titles."""

    def __init__(self, owner: str, query: str, *, is_sqlite: bool) -> None:
        """Take the words out of what somebody typed."""
        self._owner_key = owner_key(owner)
        self._words = _word.findall(query)[:_MAX_WORDS]
        self._is_sqlite = is_sqlite

    @property
    def steps(self) -> Iterator[TextClause]:
        """Queries for the ids of conversations; the next one counts where the last found nothing."""
        if self._words:
            yield self._matching("")
            if len(self._words[-1]) >= _SHORTEST_BEGINNING:
                yield self._matching("*")

    def _matching(self, star: str) -> TextClause:
        if self._is_sqlite:
            quoted = " AND ".join(f'"{word}"' for word in self._words)
            bound = {"words": f'owner_key : "{self._owner_key}" AND ({quoted} {star})'}
        else:
            quoted = " & ".join(f"'{word}'" for word in self._words)
            bound = {"words": quoted + (star and ":*"), "owner": f"'{self._owner_key}'"}
        template = _SQLITE if self._is_sqlite else _POSTGRESQL
        parts = (template.format(table=table, id=column) for table, column in _INDEXED)
        return text(" UNION ".join(parts)).bindparams(**bound, newest=_NEWEST)
