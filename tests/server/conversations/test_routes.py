"""The routes of conversations: made, listed, read, changed, exported and deleted; on every store."""

import asyncio
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from sqlalchemy import text
from support.conversations import Conversations, belongs_to, conversations_of
from support.process import running_over
from support.serving import serving
from support.transports import ask_rest
from support.upstream import Upstream, fails, says, says_and_breaks_off

from deltawire.conversations.database import Database
from deltawire.conversations.schemas import ConversationQuery, NewConversation
from deltawire.conversations.sizes import StoreBounds, StoredSizes
from deltawire.conversations.store import ConversationStore
from deltawire.conversations.tree import Tree

SETTINGS = {
    "model": "gemini-flash-latest",
    "system": "be brief",
    "temperature": 0.5,
    "top_p": 1.0,
    "max_output_tokens": 256.0,
    "stop": ["END"],
    "thinking": "low",
}


async def test_an_empty_object_makes_a_conversation(client: Conversations) -> None:
    status, made = await client.call("POST", body={})
    assert status == 201
    assert made == {**made, "title": "", "settings": {}, "updated": made["created"]}
    assert await client.read(made["id"]) == {**made, "messages": []}


async def test_settings_are_merged_one_by_one_and_null_takes_one_away(client: Conversations) -> None:
    conversation = await client.create(settings=SETTINGS, title="A\0B")
    _, changed = await client.call("PATCH", f"/{conversation}", {"settings": {"system": None, "temperature": 1}})
    expected = {name: value for name, value in SETTINGS.items() if name != "system"} | {"temperature": 1}
    assert changed["settings"] == expected
    assert changed["title"] == "A\ufffdB"
    _, changed = await client.call("PATCH", f"/{conversation}", {"title": "C"})
    assert (changed["settings"], changed["title"]) == (expected, "C")
    assert changed == {name: value for name, value in (await client.read(conversation)).items() if name != "messages"}


async def test_changes_at_once_are_all_made(client: Conversations) -> None:
    conversation = await client.create()
    await asyncio.gather(
        *(client.call("PATCH", f"/{conversation}", {"settings": {name: SETTINGS[name]}}) for name in SETTINGS)
    )
    assert (await client.read(conversation))["settings"] == SETTINGS


async def test_a_field_that_is_null_counts_as_absent(client: Conversations) -> None:
    conversation = await client.create(title=None, settings=None)
    await client.call("PATCH", f"/{conversation}", {"title": "Kept", "settings": {"system": "Be brief."}})
    status, changed = await client.call("PATCH", f"/{conversation}", {"title": None, "settings": None})
    assert (status, changed["title"], changed["settings"]) == (200, "Kept", {"system": "Be brief."})


async def test_a_system_instruction_is_bounded_as_it_is_in_a_turn(client: Conversations) -> None:
    conversation = await client.create()
    for method, path in (("POST", ""), ("PATCH", f"/{conversation}")):
        status, problem = await client.call(method, path, {"settings": {"system": "x" * 100_001}})
        assert (status, problem["code"], problem["field"]) == (413, "message_too_large", "settings.system")


@pytest.mark.parametrize(
    "body, field",
    [
        ({"settings": {"temperature": 3}}, "settings.temperature"),
        ({"settings": {"stop": []}}, "settings.stop"),
        ({"settings": {"stop": ["a", ""]}}, "settings.stop[1]"),
        ({"settings": {"message": "hi"}}, "settings.message"),
        ({"settings": []}, "settings"),
        ({"title": "x" * 201}, "title"),
        ({"title": 1}, "title"),
        ({"titel": "x"}, "titel"),
    ],
)
async def test_what_is_not_taken_is_refused_with_the_field_named(
    client: Conversations, body: dict[str, Any], field: str
) -> None:
    conversation = await client.create()
    for method, path in (("POST", ""), ("PATCH", f"/{conversation}")):
        status, problem = await client.call(method, path, body)
        assert (status, problem["code"], problem["field"]) == (400, "invalid_frame", field)
        assert field in problem["detail"]


@pytest.mark.parametrize(
    "parameters, field",
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "WzEsMl0"}, "cursor"),
        ({"cursor": "\u00e9\0"}, "cursor"),
        ({"q": "x" * 1001}, "q"),
        ({"page": 2}, "page"),
    ],
)
async def test_a_parameter_that_is_not_taken_is_named(
    client: Conversations, parameters: dict[str, Any], field: str
) -> None:
    status, problem = await client.call("GET", **parameters)
    assert (status, problem["code"], problem["field"]) == (400, "invalid_frame", field)


async def test_a_parameter_that_is_not_taken_is_told_its_own_values_and_not_those_of_a_field(
    client: Conversations,
) -> None:
    messages = [(await client.call("GET", **{name: " "}))[1]["message"] for name in ("archived", "pinned", "folder")]
    assert messages == [
        "archived must be true, false or any; absent: any with q.",
        "pinned must be true or false; absent: both.",
        "folder must be the id of a folder; absent: any.",
    ]


@pytest.mark.parametrize("conversation", ["nosuch", "a%00b", "%ff", "x" * 2000, "'; --"])
async def test_what_is_not_there_is_a_404(client: Conversations, conversation: str) -> None:
    for method, path, body in routes_of(conversation):
        status, problem = await client.call(method, path, body)
        assert (status, problem["code"]) == (404, "not_found")


async def test_another_owners_conversation_is_a_404_on_every_route(client: Conversations, module_database: str) -> None:
    conversation = await client.create(title="secret")
    await belongs_to(module_database, conversation, "somebody else")
    for method, path, body in routes_of(conversation):
        status, problem = await client.call(method, path, body)
        assert (status, problem["code"]) == (404, "not_found")
    assert conversation not in await every(client)
    assert await client.found("secret") == []


async def test_owners_see_nothing_of_each_other(database: str) -> None:
    connections = Database(database)
    bounds = StoreBounds(messages=10, bytes=1_000, conversations=10, owner_bytes=1_000)
    store = ConversationStore(connections, StoredSizes(bounds), 1_000)
    try:
        mine, yours = [(await store.create(owner, NewConversation(title=f"{owner} said"))).id for owner in ("a", "b")]
        for owner, own in (("a", mine), ("b", yours)):
            for query in (ConversationQuery(), ConversationQuery(q="said"), ConversationQuery(q="sai")):
                assert [found.id for found in (await store.page(owner, query)).conversations] == [own]
    finally:
        await connections.close()


def routes_of(conversation: str) -> list[tuple[str, str, Any]]:
    """Every route of one conversation."""
    return [
        ("GET", f"/{conversation}", None),
        ("PATCH", f"/{conversation}", {"title": "x"}),
        ("DELETE", f"/{conversation}", None),
        ("GET", f"/{conversation}/export", None),
        ("GET", f"/{conversation}/export?format=json", None),
    ]


async def test_a_title_is_the_beginning_of_a_message_that_finds_none(client: Conversations, address: str) -> None:
    conversation = await client.create()
    await ask_rest(address, "  What\n\tis   " + "x" * 100, conversation=conversation)
    assert (await client.read(conversation))["title"] == ("What is " + "x" * 100)[:60]
    await ask_rest(address, "And then?", conversation=conversation)
    assert (await client.read(conversation))["title"].startswith("What is")
    await client.call("PATCH", f"/{conversation}", {"title": ""})
    await ask_rest(address, "And then?", conversation=conversation)
    assert (await client.read(conversation))["title"] == "And then?"
    named = await client.create(title="Mine")
    await ask_rest(address, "hi", conversation=named)
    assert (await client.read(named))["title"] == "Mine"


async def test_pages_hold_every_conversation_once_the_last_used_first(client: Conversations, address: str) -> None:
    for old in await every(client):
        await client.call("DELETE", f"/{old}")
    made = [await client.create() for _ in range(7)]
    await ask_rest(address, conversation=made[2])
    await client.call("PATCH", f"/{made[0]}", {"title": "renaming is no use"})
    expected = [made[2], *(each for each in reversed(made) if each != made[2])]
    for limit in (1, 3, 7, 100):
        assert await every(client, limit=limit) == expected


async def test_pages_repeat_nothing_while_conversations_are_used_and_made(client: Conversations, address: str) -> None:
    made = [await client.create() for _ in range(6)]
    first = await client.page(limit=2)
    await ask_rest(address, conversation=made[1])
    await client.create()
    await client.call("DELETE", f"/{made[3]}")
    rest = await every(client, limit=2, cursor=first["next"])
    assert rest[:2] == [made[2], made[0]]
    assert not set(rest) & {made[1], *(each["id"] for each in first["conversations"])}


async def every(client: Conversations, **parameters: str | int) -> list[str]:
    """The ids of all pages from one on."""
    found = []
    while True:
        page = await client.page(**parameters)
        found += [conversation["id"] for conversation in page["conversations"]]
        if page["next"] is None:
            return found
        parameters["cursor"] = page["next"]


async def test_the_pages_of_a_search_stay_with_what_its_first_page_looked_for(client: Conversations) -> None:
    whole = [await client.create(title="fish") for _ in range(3)]
    await client.create(title="fisherman")
    first = await client.page(q="fish", limit=2)
    await client.call("DELETE", f"/{whole[0]}")
    assert await client.page(q="fish", limit=2, cursor=first["next"]) == {"conversations": [], "next": None}
    begun = await client.page(q="fisher", limit=2)
    assert [conversation["title"] for conversation in begun["conversations"]] == ["fisherman"]


async def test_the_pages_of_beginnings_repeat_nothing(client: Conversations) -> None:
    made = [await client.create(title=f"whale{number}") for number in range(5)]
    assert await every(client, q="whal", limit=2) == made[::-1]


async def test_a_deleted_conversation_is_gone_and_not_found(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    conversation = await client.create()
    upstream.plays(says("Extraordinary"))
    await ask_rest(address, "remarkable", conversation=conversation)
    assert await client.found("remarkable") == await client.found("extraordinary") == [conversation]
    assert await client.call("DELETE", f"/{conversation}") == (204, "")
    assert (await client.call("DELETE", f"/{conversation}"))[0] == 404
    assert await client.found("remarkable") == await client.found("extraordinary") == []


@pytest.mark.nightly
async def test_a_large_conversation_is_gone_at_once_and_is_removed_while_others_write(
    upstream: Upstream, database: str
) -> None:
    async with serving(upstream, database_url=database) as address, conversations_of(address) as client:
        other = await client.create()
        large = await filled(client, database, messages=2_000, chars=2_000)
        assert await client.call("DELETE", f"/{large}") == (204, "")
        assert (await client.call("GET", f"/{large}"))[0] == 404
        assert await every(client) == [other]
        assert await client.found("filling") == await client.found("large") == []
        turns = 0
        while await rows(database, large, "conversations", "id") > 0:  # after its last messages
            assert (await ask_rest(address, conversation=other))[-1]["type"] == "usage"
            turns += 1
        assert turns > 1
        assert await rows(database, large) == 0


@pytest.mark.parametrize("title", ["", "quaint"])
async def test_sqlites_index_forgets_what_is_deleted(sqlite_file: Path, upstream: Upstream, title: str) -> None:
    upstream.plays(says("remarkable"))
    async with (
        serving(upstream, database_url=f"sqlite:///{sqlite_file}") as address,
        conversations_of(address) as client,
    ):
        conversation = await client.create(title=title)
        await ask_rest(address, "extraordinary", conversation=conversation)
        await client.call("PATCH", f"/{conversation}", {"title": title})
        await client.call("DELETE", f"/{conversation}")
    with closing(sqlite3.connect(sqlite_file)) as database:
        for table in ("conversations", "messages"):
            database.execute(f"CREATE VIRTUAL TABLE temp.{table}_words USING fts5vocab(main, {table}_search, row)")
            assert database.execute(f"SELECT term FROM {table}_words").fetchall() == []


async def test_what_a_crash_left_of_a_deleted_conversation_is_removed_by_the_next_start(
    upstream: Upstream, database: str
) -> None:
    async with running_over(upstream, database_url=database) as process:
        large = await a_large_one_is_deleted(process.address, database)
        await process.stop(signal.SIGKILL)
    assert await rows(database, large) > 0
    async with running_over(upstream, database_url=database) as process:
        while await rows(database, large) > 0 or await rows(database, large, "conversations", "id") > 0:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)
        assert await process.stop() == 0


@pytest.mark.nightly
async def test_a_stop_does_not_wait_until_all_of_a_deleted_conversation_is_removed(
    upstream: Upstream, database: str
) -> None:
    async with running_over(upstream, database_url=database) as process:
        large = await a_large_one_is_deleted(process.address, database, 10_000)  # that takes longer than a stop
        assert await process.stop() == 0
        assert "Traceback" not in process.output
    assert await rows(database, large) > 0


async def a_large_one_is_deleted(address: str, database: str, chars: int = 2_000) -> str:
    """A conversation of so many characters a thousand times, deleted a moment ago; what its id was."""
    async with conversations_of(address) as client:
        large = await filled(client, database, messages=1_000, chars=chars)
        assert await client.call("DELETE", f"/{large}") == (204, "")
    return large


async def filled(client: Conversations, url: str, messages: int, chars: int) -> str:
    """A conversation with so many messages of so many characters; its id."""
    conversation = await client.create(title="large")
    text = "".join(f"filling{number} " for number in range(chars // 8))[:chars]
    database = Database(url)
    for first in range(0, messages, 50):
        async with database.writing() as transaction:
            for number in range(first, first + 50):
                name = f"{conversation}-{number}"
                await Tree("", conversation).add(transaction, id=name, role="user", text=text, answered=False)
    await database.close()
    return conversation


async def rows(url: str, conversation: str, table: str = "messages", column: str = "conversation") -> int:
    """Return the number of a table's rows that belong to a conversation."""
    database = Database(url)
    async with database.reading() as connection:
        counted = text(f"SELECT count(*) FROM {table} WHERE {column} = :conversation")
        found: int = await connection.scalar(counted, {"conversation": conversation})
    await database.close()
    return found


async def test_an_export_is_one_branch_as_markdown_or_all_of_it_as_json(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    upstream.plays(says("First *answer*"), says("Cut", finish="MAX_TOKENS"), says("Other"))
    conversation = await client.create(title="Numbers")
    await ask_rest(address, "one", conversation=conversation)
    first = (await ask_rest(address, "two", conversation=conversation))[-1]
    await ask_rest(address, "another one", conversation=conversation, parent=conversation)
    _, newest = await client.call("GET", f"/{conversation}/export")
    assert newest == "# Numbers\n\n## You\n\nanother one\n\n## gemini-flash-latest\n\nOther\n"
    _, branch = await client.call("GET", f"/{conversation}/export", message=first["message"])
    assert branch == (
        "# Numbers\n\n## You\n\none\n\n## gemini-flash-latest\n\nFirst *answer*\n\n"
        "## You\n\ntwo\n\n## gemini-flash-latest\n\nCut\n\n*Ended early: max_tokens.*\n"
    )
    assert await client.call("GET", f"/{conversation}/export", format="json") == (200, await client.read(conversation))
    status, problem = await client.call("GET", f"/{conversation}/export", message="nosuch")
    assert (status, problem["field"]) == (404, "message")
    status, problem = await client.call("GET", f"/{conversation}/export", format="pdf")
    assert (status, problem["field"]) == (400, "format")
    assert (await client.call("GET", f"/{await client.create()}/export"))[1] == "# Conversation\n"


@pytest.mark.parametrize(
    "answer, ended",
    [
        ("```python\nprint(1)", "```python\nprint(1)\n```"),
        ("~~~~\ncode\n~~~\n", "~~~~\ncode\n~~~\n~~~~"),
        ("````md\n```\na\n```\n", "````md\n```\na\n```\n````"),
        ("```\ncode\n``` js", "```\ncode\n``` js\n```"),
        ("```\ncode\n````", "```\ncode\n````"),
        ("```\n~~~\n```  ", "```\n~~~\n```"),
        ("```not a fence``` here", "```not a fence``` here"),
        ("  ```\ncode", "  ```\ncode\n  ```"),
        ("<!-- open\n\nstill", "<!-- open\n\nstill\n-->"),
        ("<!-- open\n```\n", "<!-- open\n```\n-->"),
        ("```\n<!-- code\n```", "```\n<!-- code\n```"),
        ("<!-->", "<!-->"),
        ("<!-- a --> text <b>", "<!-- a --> text <b>"),
        ("a <!-- in a line", "a <!-- in a line"),
        ("text\n  <SCRIPT>\n\nx", "text\n  <SCRIPT>\n\nx\n</SCRIPT>"),
        ("<pre>\n\n</style>", "<pre>\n\n</style>"),
        ("<pre>\n\nx", "<pre>\n\nx\n</pre>"),
        ("<style", "<style\n</style>"),
        ("<textarea>\n", "<textarea>\n</textarea>"),
        ("<preface>", "<preface>"),
        ("<?php\n\necho", "<?php\n\necho\n?>"),
        ("<!DOCTYPE\n\nhtml", "<!DOCTYPE\n\nhtml\n>"),
        ("<![CDATA[\n\nx]]", "<![CDATA[\n\nx]]\n]]>"),
        ("    <!-- code", "    <!-- code"),
    ],
)
async def test_an_export_ends_the_code_and_the_html_that_a_message_leaves_open(
    client: Conversations, address: str, upstream: Upstream, answer: str, ended: str
) -> None:
    upstream.plays(says(answer, finish="MAX_TOKENS"))
    conversation = await client.create(title="Code")
    await ask_rest(address, answer, conversation=conversation)
    _, document = await client.call("GET", f"/{conversation}/export")
    assert document == (
        f"# Code\n\n## You\n\n{ended}\n\n## gemini-flash-latest\n\n{ended}\n\n*Ended early: max_tokens.*\n"
    )
    headings = [token for token in MarkdownIt("commonmark").parse(document) if token.type == "heading_open"]
    assert len(headings) == 3


async def test_the_title_of_an_export_is_one_line(client: Conversations) -> None:
    conversation = await client.create(title="Mine\n\n## You\r\u2028\tsaid")
    assert (await client.call("GET", f"/{conversation}/export"))[1] == "# Mine ## You said\n"


async def test_an_export_says_where_an_answer_broke_off(
    client: Conversations, address: str, upstream: Upstream
) -> None:
    upstream.plays(says_and_breaks_off("Hel"), fails(400, "INVALID_ARGUMENT"))
    conversation = await client.create()
    await ask_rest(address, "one", conversation=conversation)
    _, document = await client.call("GET", f"/{conversation}/export")
    assert document.endswith("Hel\n\n*Ended early: upstream_truncated.*\n")
    await ask_rest(address, "two", conversation=conversation)
    _, document = await client.call("GET", f"/{conversation}/export")
    assert document.endswith("## You\n\ntwo\n")
