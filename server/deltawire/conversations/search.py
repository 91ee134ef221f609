"""Full-text search, in each database's own way.

All words must stand in one message, or all in the title. Where no message holds the last one as a word, it may
be the beginning of one, so that a search can be typed; looking for beginnings at once would read the places of
every word that they begin. Of a word that stands everywhere only the newest messages are looked at: nobody
pages through the rest, and sorting them all would keep everybody waiting. Two letters begin too much to be looked for.
"""

from typing import Any, Final

from sqlalchemy import TextClause, func, text
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.tokenizer import word_of, words_of

_NEWEST: Final = 300
"""How many of the messages that match are looked at, and how many of the titles."""
_RECENT: Final = 200_000
"""Rows among which PostgreSQL looks first: it finds all that match, and has to visit each to learn how new it is."""
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
        (SELECT {id} AS id FROM {table} WHERE owner = :owner AND search @@ CAST(:words AS tsquery)
            AND seq > :{table}_before ORDER BY seq DESC LIMIT :newest)
        UNION ALL
        (SELECT {id} AS id FROM {table} WHERE owner = :owner AND search @@ CAST(:words AS tsquery)
            AND seq <= :{table}_before ORDER BY seq DESC LIMIT :newest)
        LIMIT :newest
    ) AS newest
"""
"""The second part is run when the first finds too little."""
_PREPARED: Final = text("""
    SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('random_page_cost', '1.1', true),
        (SELECT max(seq) FROM messages), (SELECT max(seq) FROM conversations)
""")
"""One plan does not fit a word that stands everywhere and one that stands nowhere; and pages are at hand, or nearly."""


async def search(connection: AsyncConnection, owner: str, query: str) -> list[TextClause]:
    """Queries for the ids of the owner's conversations, for this transaction.

    The next one counts where the last found nothing.
    """
    words = words_of(query)[:_MAX_WORDS]
    if not words:
        return []
    if _is_sqlite(connection):
        template, mark, both, beginning = _SQLITE, '"', " AND ", "*"
        bound: dict[str, Any] = {}
        words.insert(0, word_of(owner))
    else:
        template, mark, both, beginning = _POSTGRESQL, "'", " & ", ":*"
        bound = {"owner": owner, **await _prepare(connection)}
    whole = both.join(f"{mark}{word}{mark}" for word in words)
    sought = [whole, whole + beginning] if len(words[-1]) >= _SHORTEST_BEGINNING else [whole]
    anywhere = text(" UNION ".join(template.format(table=table, id=column) for table, column in _INDEXED))
    return [anywhere.bindparams(**bound, newest=_NEWEST, words=each) for each in sought]


async def _prepare(connection: AsyncConnection) -> dict[str, int]:
    """Let PostgreSQL plan what comes; return the place in each table behind which the recent rows are."""
    _, _, *last = (await connection.execute(_PREPARED)).one()
    return {f"{table}_before": (seq or 0) - _RECENT for (table, _), seq in zip(_INDEXED, last, strict=True)}


def index(connection: AsyncConnection, content: str) -> dict[str, Any]:
    """The column that a message or a title is found by; SQLite's triggers index it themselves."""
    if _is_sqlite(connection):
        return {}
    return {"search": func.array_to_tsvector(words_of(content))}


def _is_sqlite(connection: AsyncConnection) -> bool:
    return connection.dialect.name == "sqlite"
