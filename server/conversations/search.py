"""Full-text search, in each database's own way.

All words must stand in one message, or all in the title. Where no message holds the last one as a word, it may
be the beginning of one, so that a search can be typed; looking for beginnings at once would read the places of
every word that they begin. Of a word that stands everywhere only the newest messages are looked at: nobody
pages through the rest, and sorting them all would keep everybody waiting. Two letters begin too much to be looked for.
"""

from typing import Any, Final

from sqlalchemy import TextClause, func, text
from sqlalchemy.ext.asyncio import AsyncConnection

from server.conversations.words import word_of, words_of

_NEWEST: Final = 200
"""How many of the messages that match are looked at, and how many of the titles."""
_MAX_WORDS: Final = 20
_SHORTEST_BEGINNING: Final = 3
_INDEXED: Final = (("messages", "conversation"), ("conversations", "id"))
"""The tables that are indexed, and where each names its conversation."""

_SQLITE: Final = """
    SELECT {id} AS id FROM {table} WHERE seq IN (
        SELECT rowid FROM {table}_search WHERE {table}_search MATCH :words ORDER BY rowid DESC LIMIT :newest)
"""
_POSTGRESQL: Final = """
    SELECT id FROM (
        SELECT {id} AS id FROM {table} WHERE owner = :owner AND search @@ CAST(:words AS tsquery)
        ORDER BY seq DESC LIMIT :newest
    ) AS newest
"""
_PLANNED: Final = text("""
    SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('random_page_cost', '1.1', true)
""")
"""One plan does not fit a word that stands everywhere and one that stands nowhere; and pages are at hand, or nearly."""


class Search:
    """What is looked for, among one owner's messages and titles."""

    def __init__(self, owner: str, query: str, *, is_sqlite: bool) -> None:
        """Take the words out of what somebody typed."""
        self._owner = owner
        self._words = words_of(query)[:_MAX_WORDS]
        self._is_sqlite = is_sqlite

    async def prepare(self, connection: AsyncConnection) -> None:
        """Let the database plan each step for its words, in this transaction."""
        if not self._is_sqlite:
            await connection.execute(_PLANNED)

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
        words = [word_of(self._owner), *self._words] if self._is_sqlite else self._words
        bound = {"words": both.join(f"{mark}{word}{mark}" for word in words) + ("" if is_typed else beginning)}
        if not self._is_sqlite:
            bound["owner"] = self._owner
        template = _SQLITE if self._is_sqlite else _POSTGRESQL
        parts = (template.format(table=table, id=column) for table, column in _INDEXED)
        return text(" UNION ".join(parts)).bindparams(**bound, newest=_NEWEST)


def index(connection: AsyncConnection, content: str) -> dict[str, Any]:
    """The column that a message or a title is found by; SQLite's triggers index it themselves."""
    if connection.dialect.name == "sqlite":
        return {}
    return {"search": func.array_to_tsvector(words_of(content))}
