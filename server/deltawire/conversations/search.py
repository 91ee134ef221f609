"""Full-text search, by each database's own index.

All words must be in one message, or all in the title. When nothing holds the last word as a whole word, it may be the
beginning of a word, so that a search finds something while it is typed. Beginnings are searched only then, because that
reads the index entries of every word that begins so. They have three letters or more: shorter ones match too much. Two
syllables of Korean are enough, whose words are short and end in particles.

Only the newest matches are used. Older ones are hardly ever read, and sorting all matches of a frequent word would
delay all requests.
"""

import asyncio
import re
from typing import Any, Final, NamedTuple

from sqlalchemy import TextClause, bindparam, func, text
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.tokenizer import owner_word, words_of

_NEWEST: Final = 300
"""The most matching messages that are used, and the most titles."""
_RECENT: Final = 200_000
"""Rows that PostgreSQL searches first: its index finds all matches, and each must be read to learn how new it is."""
_MAX_WORDS: Final = 20
_SHORT_CHARS: Final = 5_000
"""A text up to this long is split into words in the loop, a longer one in a thread."""
_SHORTEST_BEGINNING: Final = 3
"""Letters."""
_syllable = re.compile("[\uac00-\ud7a3]")
"""A syllable of Korean: one character of two or three letters."""
_INDEXED: Final = (("messages", "conversation"), ("conversations", "id"))
"""The indexed tables, each with the column that holds the conversation's id."""

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
"""PostgreSQL runs the second part only when the first finds fewer than `newest`."""
_READ_CHARS: Final = 20_000
"""The characters of a text in which the words are looked for to show a line around them."""
_SHOWN: Final = 100
_BEFORE_CHARS: Final = 40
_AFTER_CHARS: Final = 100
_MATCHES_IN_SQLITE: Final = """
    SELECT conversation, id, substr(text, 1, :chars) FROM messages WHERE conversation IN :ids AND seq IN (
        SELECT rowid FROM messages_search WHERE messages_search MATCH :words ORDER BY rowid DESC LIMIT :newest)
    ORDER BY seq DESC LIMIT :shown
"""
_MATCHES_IN_POSTGRESQL: Final = """
    SELECT conversation, id, substr(text, 1, :chars) FROM messages
    WHERE owner = :owner AND search @@ CAST(:words AS tsquery) AND conversation IN :ids
    ORDER BY seq DESC LIMIT :shown
"""
_PREPARED: Final = text("""
    SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('random_page_cost', '1.1', true),
        (SELECT max(seq) FROM messages), (SELECT max(seq) FROM conversations)
""")
"""Settings of the planner. A plan for each query, because a frequent and a rare word need different plans. A low cost
of random pages, because most are in memory."""


class _Grammar(NamedTuple):
    """The grammar of a database's full-text queries."""

    mark: str
    """Stands before and after each word."""
    both: str
    """Stands between two words that must both occur."""
    beginning: str
    """Stands after a word that may be the beginning of a longer one."""

    def all_of(self, words: list[str], *, last_begins: bool = False) -> str:
        """Return the condition that a text has all these words; with `last_begins`, the last may be a beginning."""
        condition = self.both.join(f"{self.mark}{word}{self.mark}" for word in words)
        return condition + self.beginning if last_begins else condition


_SQLITE_GRAMMAR: Final = _Grammar('"', " AND ", "*")
_POSTGRESQL_GRAMMAR: Final = _Grammar("'", " & ", ":*")


class Excerpt(NamedTuple):
    """A message that matches a search, and a line around the words in it."""

    message: str
    line: str


async def search(connection: AsyncConnection, owner: str, query: str) -> list[TextClause]:
    """Return queries for the ids of the owner's conversations, for this transaction.

    Run each only when the one before it found nothing.
    """
    words = words_of(query)[:_MAX_WORDS]
    if not words:
        return []
    if _is_sqlite(connection):
        template, grammar = _SQLITE, _SQLITE_GRAMMAR
        bound: dict[str, Any] = {}
        words.insert(0, owner_word(owner))
    else:
        template, grammar = _POSTGRESQL, _POSTGRESQL_GRAMMAR
        bound = {"owner": owner, **await _prepare(connection)}
    conditions = [grammar.all_of(words)]
    if _letters_in(words[-1]) >= _SHORTEST_BEGINNING:
        conditions.append(grammar.all_of(words, last_begins=True))
    anywhere = text(" UNION ".join(template.format(table=table, id=column) for table, column in _INDEXED))
    return [anywhere.bindparams(**bound, newest=_NEWEST, words=each) for each in conditions]


def _letters_in(word: str) -> int:
    return len(word) + len(_syllable.findall(word))


async def excerpts(
    connection: AsyncConnection, owner: str, query: str, step: int, ids: list[str]
) -> dict[str, Excerpt]:
    """Return the newest matching message of each of these conversations, and a line around the words in it.

    `step` is the index of the query of `search` that found them.
    """
    words = words_of(query)[:_MAX_WORDS]
    is_sqlite = _is_sqlite(connection)
    grammar = _SQLITE_GRAMMAR if is_sqlite else _POSTGRESQL_GRAMMAR
    condition = grammar.all_of([owner_word(owner), *words] if is_sqlite else words, last_begins=bool(step))
    matches = text(_MATCHES_IN_SQLITE if is_sqlite else _MATCHES_IN_POSTGRESQL)
    bound = {"words": condition, "newest": _NEWEST, "shown": _SHOWN, "ids": ids}
    bound |= {"chars": _READ_CHARS} if is_sqlite else {"chars": _READ_CHARS, "owner": owner}
    rows = (await connection.execute(matches.bindparams(bindparam("ids", expanding=True)), bound)).all()
    newest: dict[str, Excerpt] = {}
    for conversation, message, content in rows:
        newest.setdefault(conversation, Excerpt(message, line_around(content, words)))
    return newest


def line_around(content: str, words: list[str]) -> str:
    """Return a line of a text around the longest of these words that occurs in it unchanged, else its beginning."""
    # A regular expression would compare each word at each character of a text such as "aaaa". The lower case of a
    # dotted I has two characters, and that of a final sigma is another letter in a text than in a word.
    lowered = content.replace("\u0130", "i").lower().replace("\u03c2", "\u03c3")
    places = (lowered.find(word) for word in sorted(words, key=len, reverse=True))
    at = next((place for place in places if place >= 0), 0)
    start, end = max(0, at - _BEFORE_CHARS), at + _AFTER_CHARS
    line = " ".join(content[start:end].split())
    return f"{'…' if start else ''}{line}{'…' if end < len(content) else ''}"


async def _prepare(connection: AsyncConnection) -> dict[str, int]:
    """Set PostgreSQL's planner; return for each table the `seq` after which its recent rows are."""
    _, _, *last = (await connection.execute(_PREPARED)).one()
    return {f"{table}_before": (seq or 0) - _RECENT for (table, _), seq in zip(_INDEXED, last, strict=True)}


async def index(connection: AsyncConnection, content: str) -> dict[str, Any]:
    """Return the search column of a message or a title; none for SQLite, whose triggers fill the index.

    A long text is split in a thread. Its words go to PostgreSQL as one string: many small ones would take long to send.
    """
    if _is_sqlite(connection):
        return {}
    words = words_of(content) if len(content) <= _SHORT_CHARS else await asyncio.to_thread(words_of, content)
    return {"search": func.array_to_tsvector(func.string_to_array(" ".join(dict.fromkeys(words)), " "))}


def _is_sqlite(connection: AsyncConnection) -> bool:
    return connection.dialect.name == "sqlite"
