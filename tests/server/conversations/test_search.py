"""The results of a search, the same on every store."""

import time
from collections.abc import AsyncIterator

import asyncpg
import pytest
from support.conversations import Conversations, conversations_of
from support.postgres import fresh_database
from support.serving import serving
from support.transports import ask_rest
from support.upstream import Upstream, says

from deltawire.config.settings import Settings
from deltawire.conversations.migrate import migrate
from deltawire.conversations.search import line_around
from deltawire.conversations.tokenizer import words_of

TEXTS = {
    "path": "Look at server/deltawire/app.py:12, it isn't done; see foo_bar and https://example.com/a?b=c#d.",
    "german": "Die Straße heißt GRÜNER Weg",
    "chinese": "\u4f60\u597d\u4e16\u754c, Gemini",
    "thai": "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e04\u0e23\u0e31\u0e1a",
    "hindi": "\u0928\u092e\u0938\u094d\u0924\u0947 दुनिया",
    "korean": "\uc11c\uc6b8\uc5d0\uc11c \ub9cc\ub098\uc694",
    "emoji": "a smile \U0001f600 here",
    "syntax": 'NEAR(one two) AND "three" OR four* NOT {five} text:six ^seven (eight',
    "number": "version 3.14 of 1e5 and x\u00b2",
    "wide": "\uff21\uff22\uff23 and \ufb01sh",
}


@pytest.fixture(scope="module")
async def corpus(module_database: str) -> AsyncIterator[tuple[Conversations, dict[str, str]]]:
    """Conversations in each of which one thing was said, and what they are called here."""
    async with Upstream() as upstream, serving(upstream, database_url=module_database) as address:
        upstream.plays(*(says(text) for text in TEXTS.values()))
        async with conversations_of(address) as client:
            names = {}
            for name in TEXTS:
                conversation = await client.create()
                await ask_rest(address, "?", conversation=conversation)
                names[conversation] = name
            yield client, names


@pytest.mark.parametrize(
    "q, found",
    [
        ("server/deltawire/app.py", "path"),
        ("APP.PY", "path"),
        ("isn't", "path"),
        ("bar", "path"),
        ("https://example.com/a?b=c#d", "path"),
        ("done look", "path"),
        ("look exam", "path"),
        ("look ex", ""),
        ("exam look", ""),
        ("strasse", "german"),
        ("STRASSE grüner", "german"),
        ("grün", "german"),
        ("grun", ""),
        ("\u4e16\u754c", "chinese"),
        ("\u754c gem", "chinese"),
        ("\u4e16\u4eba", ""),
        ("\u0e14\u0e35", "thai"),
        ("\u0928\u092e\u0938\u094d\u0924\u0947", "hindi"),
        ("\uc11c\uc6b8", "korean"),
        ("\ub9cc\ub098\uc694 \uc11c\uc6b8", "korean"),
        ("\uc11c", ""),
        ("smile here", "emoji"),
        ("NEAR one", "syntax"),
        ('"three" OR', "syntax"),
        ("text:six", "syntax"),
        ("(eight", "syntax"),
        ("four*", "syntax"),
        ("three' OR '1'='1", ""),
        ("3.14", "number"),
        ("1e5", "number"),
        ("x2", "number"),
        ("abc fish", "wide"),
        ("\U0001f600", ""),
        ("*", ""),
        ("...", ""),
        ("' \" \\ ; --", ""),
        ("a\u19b0b", ""),
        ("nosuch", ""),
        ("look nosuch", ""),
        ("look grüner", ""),
    ],
)
async def test_a_search_finds_words_and_nothing_else(
    corpus: tuple[Conversations, dict[str, str]], q: str, found: str
) -> None:
    client, names = corpus
    assert [names[conversation] for conversation in await client.found(q)] == ([found] if found else [])


async def test_a_title_is_found_by_its_new_words_and_no_longer_by_its_old_ones(client: Conversations) -> None:
    conversation = await client.create(title="Old Name")
    assert await client.found("old") == [conversation]
    await client.call("PATCH", f"/{conversation}", {"title": "New Name"})
    assert await client.found("old") == []
    assert await client.found("new nam") == [conversation]


async def test_all_words_stand_in_one_message_or_all_in_the_title(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    upstream.plays(says("red"))
    conversation = await client.create(title="green")
    await ask_rest(address, "blue", conversation=conversation)
    assert [bool(await client.found(q)) for q in ("red", "blue", "green", "red blue", "red green")] == [
        True,
        True,
        True,
        False,
        False,
    ]


async def test_a_search_finds_questions_too(client: Conversations, address: str) -> None:
    conversation = await client.create(title="titled")
    await ask_rest(address, "remarkable", conversation=conversation)
    assert await client.found("remark") == [conversation]


async def test_on_postgresql_what_is_not_among_the_recent_messages_is_found_as_well(postgresql: str) -> None:
    async with Upstream() as upstream, fresh_database(postgresql) as url:
        upstream.plays(says("It is."), says("Nothing."))
        await migrate(Settings(database_url=url).database)
        async with serving(upstream, database_url=url) as address, conversations_of(address) as client:
            old = await client.create(title="an old quince")
            current = await client.create(title="fruit")
            await ask_rest(address, "Is it a quince?", conversation=current)
            database = await asyncpg.connect(url)
            for table in ("messages", "conversations"):
                await database.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'seq'), {10**10})")
            await database.close()
            new = await client.create(title="a new quince")
            await ask_rest(address, "What else?", conversation=new)
            assert await client.found("quince") == [new, current, old]
            assert await client.found("quinc") == [new, current, old]


@pytest.mark.parametrize(
    "text, words",
    [
        ("", []),
        ("One, TWO", ["one", "two"]),
        ("a" * 130, ["a" * 64, "a" * 64, "aa"]),
        ("x_y-z", ["x", "y", "z"]),
        ("\u4f60\u597d", ["\u4f60", "\u597d"]),
        ("abc\u4f60def", ["abc", "\u4f60", "def"]),
        ("\u30fb\u3000\u0e3f", []),
        ("e\u0301", ["\u00e9"]),
    ],
)
def test_the_words_of_a_text(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    "text, words",
    [
        ("a" + "\u0301\u0316" * 49_999, ["\u00e1"]),
        ("\u0345" * 49_999 + "\u0334" * 50_000, ["\u03b9" * 30]),
        ("x" + "\u0345\uff9e" * 49_999, ["x", "\u03b9" * 15]),
        ("\u00e9" + "\u0f73\u0344\u0334" * 33_000 + " end", ["\u00e9", "end"]),
        ("\u3316" * 100_000, [*"\u30ad\u30ed\u30e1\u30fc\u30c8\u30eb"] * 16_666 + [*"\u30ad\u30ed\u30e1\u30fc"]),
        ("\U0001d164" * 100_000, []),
        ("\u65e5" * 100_000, ["\u65e5"] * 100_000),
    ],
    ids=["two marks", "two runs of marks", "half-width marks", "double marks", "squares", "notes", "unspaced"],
)
def test_no_text_takes_long(text: str, words: list[str]) -> None:
    began = time.process_time()
    assert words_of(text) == words
    assert time.process_time() - began < 0.5


def test_only_the_first_100_000_characters_are_looked_through() -> None:
    assert words_of("\ufdfa" * 100_000 + " end")[-1] != "end"
    assert sum(map(len, words_of("\ufdfa" * 100_000))) <= 100_000


async def test_what_is_found_has_the_message_and_a_line_around_the_words(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    conversation, titled = await client.create(title="x"), await client.create(title="Quinoa")
    upstream.plays(says("a " * 60 + "Then the\n  QUINOA rests, " + "b " * 100))
    await ask_rest(address, message="How?", conversation=conversation)
    found = {each["id"]: each for each in (await client.page(q="quinoa"))["conversations"]}
    answer = (await client.messages(conversation))[1]["id"]
    assert found[conversation]["message"] == answer
    line = found[conversation]["excerpt"]
    assert line.startswith("…a a")
    assert "Then the QUINOA rests, b" in line
    assert line.endswith("…")
    assert "excerpt" not in found[titled]
    [begun] = [each for each in (await client.page(q="quin"))["conversations"] if each["id"] == conversation]
    assert begun["excerpt"] == line


async def test_a_text_of_one_letter_is_looked_through_quickly(client: Conversations) -> None:
    words = ["a" * 62 + end for end in "bcdefghijklmnop"]
    message = {"id": "m", "role": "user", "text": " ".join(["a" * 20_000, *words])}
    body = {"deltawire": 1, "conversations": [{"id": f"c{number}", "messages": [message]} for number in range(30)]}
    status, _ = await client.call("POST", "/import", body)
    assert status == 200
    began = time.process_time()
    assert len(await client.found(" ".join(words))) == 30
    assert time.process_time() - began < 1


@pytest.mark.parametrize("text, word", [("\u0130" * 500, "quinoa"), ("b " * 99, "\u03bf\u03b4\u03bf\u03c3")])
def test_the_line_is_around_a_word_whose_case_differs(text: str, word: str) -> None:
    assert f" {word.upper()} " in line_around(f"{text} {word.upper()} " + "b " * 500, ["a", word])
