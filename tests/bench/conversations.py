"""Conversations by the hundred thousand, and the quick ways to get them into a database.

The words are made up, and as frequent as words are: the nth is said 1/n times as often as the first. A question is
a sentence or two, an answer four to ten.
"""

import random
import sqlite3
from collections.abc import AsyncIterator, Iterator
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from deltawire.conversations.tokenizer import index_text, words_of

MESSAGES_A_CONVERSATION: Final = 20
_VOCABULARY: Final = 60_000
_SENTENCES: Final = 60_000
_WORDS_A_SENTENCE: Final = 12
_SYLLABLES: Final = tuple(
    first + then for first in "bcdfghjklmnprstvw" for then in ("a", "e", "i", "o", "u", "an", "er")
)
_SECONDS_BETWEEN: Final = 60.0
_FIRST_SECOND: Final = 1.6e9
_ROWS_AT_ONCE: Final = 20_000
_USAGE: Final = msgspec.json.encode(
    {
        "model": "offline",
        "finish_reason": "stop",
        "input_tokens": 812,
        "output_tokens": 240,
        "thought_tokens": None,
        "tool_tokens": None,
        "cached_tokens": None,
        "total_tokens": 1052,
        "measured": "reported",
        "first_delta_ms": 420,
        "duration_ms": 3120,
        "cost_usd": None,
    }
).decode()

CONVERSATION: Final = ("seq", "id", "owner", "title", "settings", "created", "updated")
MESSAGE: Final = (
    "seq",
    "id",
    "conversation",
    "owner",
    "parent",
    "role",
    "text",
    "thoughts",
    "model",
    "finish_reason",
    "error",
    "answered",
    "usage",
    "created",
)

Row = tuple[Any, ...]


class Corpus:
    """So many conversations of one owner; the same ones each time."""

    def __init__(self, conversations: int) -> None:
        self.conversations = conversations
        self._random = random.Random(1)
        self.vocabulary = self._words()
        """The most frequent word first."""
        weights = list(accumulate(1 / rank for rank in range(1, len(self.vocabulary) + 1)))
        self._sentences = [
            " ".join(self._random.choices(self.vocabulary, cum_weights=weights, k=_WORDS_A_SENTENCE)).capitalize() + "."
            for _ in range(_SENTENCES)
        ]

    def rows(self) -> Iterator[tuple[Row, list[Row]]]:
        """Each conversation with its messages, the oldest first."""
        self._random = random.Random(3)
        for number in range(self.conversations):
            yield self._conversation(number)

    def _conversation(self, number: int) -> tuple[Row, list[Row]]:
        conversation = self._id()
        began = _FIRST_SECOND + number * MESSAGES_A_CONVERSATION * _SECONDS_BETWEEN
        messages: list[Row] = []
        parent = None
        for turn in range(MESSAGES_A_CONVERSATION):
            is_answer = turn % 2 == 1
            length = self._random.randint(4, 10) if is_answer else self._random.randint(1, 2)
            text = " ".join(self._random.choices(self._sentences, k=length))
            seq = number * MESSAGES_A_CONVERSATION + turn + 1
            message = self._id()
            kept = (
                ("model", text, "", "offline", "stop", None, None, _USAGE)
                if is_answer
                else ("user", text, "", None, None, None, True, None)
            )
            messages.append((seq, message, conversation, "", parent, *kept, began + turn * _SECONDS_BETWEEN))
            parent = message
        title = messages[0][6][:60]
        return (number + 1, conversation, "", title, "{}", began, messages[-1][-1]), messages

    def _id(self) -> str:
        return f"{self._random.getrandbits(96):024x}"

    def _words(self) -> list[str]:
        """Short ones first, as people have it."""
        found: dict[str, None] = {}
        while len(found) < _VOCABULARY:
            syllables = 1 + (len(found) > 60) + (len(found) > 3_000) + self._random.randint(0, 1)
            found["".join(self._random.choices(_SYLLABLES, k=syllables))] = None
        return list(found)


def load_sqlite(corpus: Corpus, file: Path) -> None:
    """Fill the tables of a SQLite file, as the server would, but without waiting for the disk."""
    with sqlite3.connect(file, isolation_level=None) as database:
        database.create_function("index_text", 2, index_text, deterministic=True)
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -1000000")
        for some in _portions(corpus):
            database.execute("BEGIN")
            for table, columns, rows in some:
                marks = ", ".join("?" * len(columns))
                database.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
            database.execute("COMMIT")
        database.execute("ANALYZE")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


async def load_postgresql(corpus: Corpus, url: str) -> None:
    """Fill the tables of a PostgreSQL, and index what is searched when all is there."""
    database = await asyncpg.connect(url)
    for table in ("conversations", "messages"):
        await database.execute(f"DROP INDEX {table}_search")
    await database.execute("ALTER TABLE messages DISABLE TRIGGER ALL")
    for some in _portions(corpus):
        for table, columns, rows in some:
            column = columns.index("text" if table == "messages" else "title")
            await database.copy_to_table(
                table, source=_lines(rows, column), columns=[*columns, "search"], format="text", null="\\N"
            )
    await database.execute("SET maintenance_work_mem = '512MB'")
    await database.execute("ALTER TABLE messages ENABLE TRIGGER ALL")
    for table in ("conversations", "messages"):
        await database.execute(f"CREATE INDEX {table}_search ON {table} USING gin (search)", timeout=3600)
        last = f"(SELECT max(seq) FROM {table})"
        await database.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'seq'), {last})")
        await database.execute(f"VACUUM (ANALYZE) {table}", timeout=3600)
    await database.close()


def _portions(corpus: Corpus) -> Iterator[list[tuple[str, tuple[str, ...], list[Row]]]]:
    rows = corpus.rows()
    while some := list(islice(rows, _ROWS_AT_ONCE // MESSAGES_A_CONVERSATION)):
        yield [
            ("conversations", CONVERSATION, [conversation for conversation, _ in some]),
            ("messages", MESSAGE, [message for _, messages in some for message in messages]),
        ]


async def _lines(rows: list[Row], column: int) -> AsyncIterator[bytes]:
    """Rows as COPY reads them, with the words of their texts; nothing in them has to be escaped."""
    for row in rows:
        words = " ".join(f"'{word}'" for word in words_of(row[column]))
        yield "\t".join([*("\\N" if value is None else str(value) for value in row), words, ""])[:-1].encode() + b"\n"
