"""Full-text search, in each database's own way.

All words must stand in one message, or all in the title. Where no message holds the last one as a word, it may
be the beginning of one, so that a search can be typed; looking for beginnings at once would read the places of
every word that they begin. Of a word that stands everywhere only the newest messages are looked at: nobody
pages through the rest, and sorting them all would keep everybody waiting.
"""

from typing import Any, Final

from sqlalchemy import TextClause, func, text
from sqlalchemy.ext.asyncio import AsyncConnection

from server.conversations.words import index_words, word_of, words_of

_NEWEST: Final = 300
"""How many of the messages that match are looked at, and how many of the titles."""
_MAX_WORDS: Final = 20
_SHORTEST_BEGINNING: Final = 2
_INDEXED: Final = (("messages", "conversation"), ("conversations", "id"))
"""The tables that are indexed, and where each names its conversation."""

_SQLITE: Final = """
    SELECT {id} AS id FROM {table} WHERE seq IN (
        SELECT rowid FROM {table}_search WHERE {table}_search MATCH :words ORDER BY rowid DESC LIMIT :newest)
"""
_POSTGRESQL: Final = """
    SELECT id FROM (
        SELECT {id} AS id FROM {table} WHERE search @@ CAST(:words AS tsquery) ORDER BY seq DESC LIMIT :newest
    ) AS newest
"""


class Search:
    """What is looked for, among one owner's messages and titles."""

    def __init__(self, owner: str, query: str, *, is_sqlite: bool) -> None:
        """Take the words out of what somebody typed."""
        self._owner = word_of(owner)
        self._words = words_of(query)[:_MAX_WORDS]
        self._is_sqlite = is_sqlite

    @property
    def steps(self) -> list[TextClause]:
        """Queries for the ids of conversations; the next one counts where the last found nothing."""
        if not self._words:
            return []
        whole = self._matching(is_typed=True)
        return [whole, self._matching(is_typed=False)] if len(self._words[-1]) >= _SHORTEST_BEGINNING else [whole]

    def _matching(self, *, is_typed: bool) -> TextClause:
        """Whether the last word `is_typed` to its end."""
        mark, both, beginning = ('"', " AND ", "*") if self._is_sqlite else ("'", " & ", ":*")
        words = both.join(f"{mark}{word}{mark}" for word in (self._owner, *self._words))
        template = _SQLITE if self._is_sqlite else _POSTGRESQL
        parts = (template.format(table=table, id=column) for table, column in _INDEXED)
        return text(" UNION ".join(parts)).bindparams(words=words + ("" if is_typed else beginning), newest=_NEWEST)


def index(connection: AsyncConnection, owner: str, content: str) -> dict[str, Any]:
    """The column that a message or a title is found by; SQLite's triggers index it themselves."""
    if connection.dialect.name == "sqlite":
        return {}
    return {"search": func.array_to_tsvector(index_words(owner, content))}
