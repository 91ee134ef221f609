"""The library beside the chats: places in the list, folders, prompts, imports, links; on every store."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text
from support.conversations import Conversations
from support.identity import API_KEYS, bearer
from support.identity import KEYS as KEYS_OF_TWO
from support.serving import serving
from support.transports import ask_rest, post
from support.upstream import Upstream, says
from yarl import URL

from deltawire.conversations.database import Database

Answer = tuple[int, Any]
KEYS = {**KEYS_OF_TWO, "carol": "planted-key-of-carol-5b7e"}
ALL_KEYS = f"{API_KEYS},carol:{sha256(KEYS['carol'].encode()).hexdigest()}"


class Routes:
    """The routes beside those of conversations, as one caller sees them."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.http = http

    async def call(self, method: str, path: str, body: Any = None) -> Answer:
        async with self.http.request(method, path, json=body) as response:
            is_json = response.content_type.endswith("json")
            return response.status, await response.json(content_type=None) if is_json else await response.text()

    async def ok(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = await self.call(method, path, body)
        assert status in (200, 201, 204), answer
        return answer


@asynccontextmanager
async def routes_of(address: str, key: str | None = None) -> AsyncIterator[Routes]:
    headers = {} if key is None else bearer(key)
    async with aiohttp.ClientSession(f"http://{address}", headers=headers) as http:
        yield Routes(http)


@pytest.fixture
async def routes(address: str) -> AsyncIterator[Routes]:
    async with routes_of(address) as routes:
        yield routes


@pytest.fixture(scope="module")
async def asking(shared_upstream: Upstream, module_database: str) -> AsyncIterator[str]:
    """A server over the same database that asks who is there, makes titles, and allows public links."""
    settings = {"api_keys": ALL_KEYS, "public_shares": True, "title_model": "gemini-flash-latest"}
    async with serving(shared_upstream, database_url=module_database, **settings) as address:
        yield address


async def ask(address: str, conversation: str, message: str, key: str | None = None, **fields: Any) -> dict[str, Any]:
    """Ask in a conversation; the last frame."""
    headers = {} if key is None else bearer(key)
    async with aiohttp.ClientSession(f"http://{address}", headers=headers) as http:
        body = {"message": message, "conversation": conversation, **fields}
        async with http.post("/chat", json=body) as response:
            assert response.status == 200, await response.text()
            usage: dict[str, Any] = (await response.json(content_type=None))["usage"]
            return usage


async def test_pins_the_archive_and_folders_are_places_in_the_list(client: Conversations, routes: Routes) -> None:
    folder = await routes.ok("POST", "/folders", {"name": "Travel"})
    plain, pinned, archived, filed = [await client.create(title=name) for name in ("a", "b", "zebra", "d")]
    await client.call("PATCH", f"/{pinned}", {"pinned": True})
    await client.call("PATCH", f"/{archived}", {"archived": True})
    status, changed = await client.call("PATCH", f"/{filed}", {"folder": folder["id"]})
    assert (status, changed["folder"], changed["pinned"], changed["archived"]) == (200, folder["id"], False, False)

    async def listed(**filters: str) -> set[str]:
        found = {each["id"] for each in (await client.page(limit=100, **filters))["conversations"]}
        return found & {plain, pinned, archived, filed}

    assert await listed() == {plain, pinned, filed}
    assert await listed(archived="true") == {archived}
    assert await listed(archived="any") == {plain, pinned, archived, filed}
    assert await listed(pinned="true") == {pinned}
    assert await listed(pinned="false", folder=folder["id"]) == {filed}
    assert await listed(q="zebra") == {archived}
    assert await listed(q="zebra", archived="false") == set()
    [shown] = [each for each in (await client.page(pinned="true"))["conversations"] if each["id"] == pinned]
    assert (shown["pinned"], shown["archived"], shown["folder"]) == (True, False, None)

    await client.call("PATCH", f"/{filed}", {"title": "E"})
    assert (await client.read(filed))["folder"] == folder["id"]
    await client.call("PATCH", f"/{filed}", {"folder": None})
    assert (await client.read(filed))["folder"] is None


async def test_a_folder_that_is_deleted_leaves_its_chats(client: Conversations, routes: Routes) -> None:
    folder = await routes.ok("POST", "/folders", {"name": "Short"})
    conversation = await client.create()
    await client.call("PATCH", f"/{conversation}", {"folder": folder["id"]})
    renamed = await routes.ok("PATCH", f"/folders/{folder['id']}", {"name": "A\0B"})
    assert renamed == {**folder, "name": "A\ufffdB"}
    assert renamed in (await routes.ok("GET", "/folders"))["folders"]
    await routes.ok("DELETE", f"/folders/{folder['id']}")
    assert (await client.read(conversation))["folder"] is None
    status, problem = await client.call("PATCH", f"/{conversation}", {"folder": folder["id"]})
    assert (status, problem["field"]) == (404, "folder")


async def test_prompts_are_kept_changed_and_deleted(routes: Routes) -> None:
    prompt = await routes.ok("POST", "/prompts", {"name": "kürzer", "text": "Say it again, shorter."})
    changed = await routes.ok("PATCH", f"/prompts/{prompt['id']}", {"text": "Shorter!"})
    assert changed == {**prompt, "text": "Shorter!"}
    assert (await routes.ok("GET", "/prompts"))["prompts"] == [changed]
    await routes.ok("DELETE", f"/prompts/{prompt['id']}")
    assert (await routes.ok("GET", "/prompts"))["prompts"] == []


@pytest.mark.parametrize(
    "method, path, body, field",
    [
        ("POST", "/folders", {"name": ""}, "name"),
        ("POST", "/folders", {"name": "  "}, "name"),
        ("POST", "/folders", {"name": "x" * 101}, "name"),
        ("POST", "/prompts", {"name": "two words", "text": "x"}, "name"),
        ("POST", "/prompts", {"name": "/x", "text": "x"}, "name"),
        ("POST", "/prompts", {"name": "x\x02y", "text": "x"}, "name"),
        ("POST", "/prompts", {"name": "x", "text": ""}, "text"),
        ("POST", "/prompts", {"name": "x", "text": "x" * 20_001}, "text"),
        ("PATCH", "/conversations/{}", {"pinned": "yes"}, "pinned"),
        ("PATCH", "/conversations/{}", {"folder": "a b"}, "folder"),
        ("GET", "/conversations?archived=perhaps", None, "archived"),
        ("POST", "/conversations/{}/shares", {"message": "x", "days": 366}, "days"),
        ("POST", "/conversations/{}/shares", {"days": 1}, "message"),
        ("POST", "/conversations/import", {"conversations": []}, "conversations"),
        ("POST", "/conversations/import", [1], "conversations"),
    ],
)
async def test_what_is_not_taken_is_named(
    client: Conversations, routes: Routes, method: str, path: str, body: Any, field: str
) -> None:
    status, problem = await routes.call(method, path.format(await client.create()), body)
    assert (status, problem["code"], problem["field"]) == (400, "invalid_frame", field)


async def test_all_chats_of_one_owner_are_deleted_at_once(asking: str) -> None:
    async with routes_of(asking, KEYS["alice"]) as alice, routes_of(asking, KEYS["bob"]) as bob:
        others = (await bob.ok("POST", "/conversations", {}))["id"]
        for number in range(3):
            made = await alice.ok("POST", "/conversations", {})
            await alice.ok("PATCH", f"/conversations/{made['id']}", {"archived": number == 0})
        await alice.ok("DELETE", "/conversations")
        assert (await alice.ok("GET", "/conversations?archived=any"))["conversations"] == []
        assert (await bob.ok("GET", f"/conversations/{others}"))["id"] == others


@pytest.mark.parametrize(
    "path, status, field",
    [
        ("/", 404, None),
        ("//", 404, None),
        ("/%2F", 404, None),
        ("?archived=true", 400, "archived"),
        ("?x=", 400, "x"),
    ],
)
async def test_an_empty_id_or_a_filter_deletes_nothing(
    client: Conversations, address: str, path: str, status: int, field: str | None
) -> None:
    kept = await client.create()
    async with aiohttp.ClientSession() as http:
        async with http.delete(URL(f"http://{address}/conversations{path}", encoded=True)) as response:
            problem = await response.json(content_type=None)
            assert (response.status, problem["field"]) == (status, field)
    assert (await client.read(kept))["id"] == kept


async def test_everything_is_exported_and_comes_back_as_it_was(
    asking: str, upstream: Upstream, client: Conversations
) -> None:
    async with routes_of(asking, KEYS["alice"]) as alice, routes_of(asking, KEYS["bob"]) as bob:
        await alice.ok("DELETE", "/conversations")
        folder = await alice.ok("POST", "/folders", {"name": "Kept"})
        await alice.ok("POST", "/prompts", {"name": "brief", "text": "Be brief."})
        kept = await alice.ok("POST", "/conversations", {"title": "Sky", "settings": {"system": "be brief"}})
        await alice.ok("PATCH", f"/conversations/{kept['id']}", {"pinned": True, "folder": folder["id"]})
        first = await ask(asking, kept["id"], "Why?", KEYS["alice"])
        await ask(asking, kept["id"], "And?", KEYS["alice"])
        await ask(asking, kept["id"], "Why not?", KEYS["alice"], parent=kept["id"])
        await alice.ok("POST", "/conversations", {"title": "Empty"})
        whole = await alice.ok("GET", "/conversations/export")
        assert whole["version"] == 1
        assert [each["title"] for each in whole["conversations"]] == ["Sky", "Empty"]

        report = (await bob.ok("POST", "/conversations/import", whole))["conversations"]
        assert [(each["title"], each["code"]) for each in report] == [("Sky", None), ("Empty", None)]
        there = await alice.ok("GET", f"/conversations/{kept['id']}")
        here = await bob.ok("GET", f"/conversations/{report[0]['id']}")
        assert here["id"] != there["id"]
        assert (here["title"], here["pinned"], here["settings"]) == ("Sky", True, {"system": "be brief"})
        assert (here["created"], here["updated"]) == (there["created"], there["updated"])
        assert outline(here) == outline(there)
        [bobs] = [each for each in (await bob.ok("GET", "/folders"))["folders"] if each["name"] == "Kept"]
        assert here["folder"] == bobs["id"] != folder["id"]
        assert [each["name"] for each in (await bob.ok("GET", "/prompts"))["prompts"]] == ["brief"]
        assert (await bob.ok("GET", "/conversations?q=world"))["conversations"][0]["id"] == here["id"]
        assert first["message"] not in json.dumps(here)


def outline(tree: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The messages without their ids: the parent by its place."""
    places = {message["id"]: number for number, message in enumerate(tree["messages"])}
    names = ("role", "text", "model", "finish_reason", "answered", "created")
    return [(places.get(each["parent"]), *(each[name] for name in names)) for each in tree["messages"]]


def node(name: str, parent: str | None, role: str | None, *parts: Any, **fields: Any) -> dict[str, Any]:
    """A node of ChatGPT's tree."""
    content = {"content_type": "text", "parts": list(parts)}
    message = {"author": {"role": role}, "content": content, "create_time": 1_700_000_000.5, **fields}
    return {"id": name, "parent": parent, "message": None if role is None else message, "children": []}


CHATGPT = {
    "title": "Baking",
    "create_time": 1_700_000_000.5,
    "update_time": 1_700_000_100.0,
    "current_node": "d",
    "mapping": {
        each["id"]: each
        for each in (
            node("root", None, None),
            node("sys", "root", "system", "hidden"),
            node("a", "sys", "user", "How do I bake?", {"content_type": "image_asset_pointer"}),
            node("b", "a", "assistant", 'search("bread")', recipient="browser"),
            node("tool", "b", "tool", "results"),
            node("c", "tool", "assistant", "First,", metadata={"model_slug": "gpt-5"}),
            node("d", "c", "assistant", "mix."),
            node("e", "a", "assistant", "Another answer"),
            node("f", "d", "user", "And then?"),
        )
    },
}


async def test_chatgpts_export_is_imported_as_people_saw_it(client: Conversations, routes: Routes) -> None:
    [report] = (await routes.ok("POST", "/conversations/import", [CHATGPT]))["conversations"]
    tree = await client.read(report["id"])
    assert (tree["title"], tree["created"], tree["updated"]) == ("Baking", 1_700_000_000.5, 1_700_000_100.0)
    shown = sorted((each["text"], each["role"], each["answered"]) for each in tree["messages"])
    assert shown == [
        ("And then?", "user", False),
        ("Another answer", "model", None),
        ("First,\n\nmix.", "model", None),
        ("How do I bake?", "user", True),
    ]
    parents = {each["text"]: each["parent"] for each in tree["messages"]}
    ids = {each["text"]: each["id"] for each in tree["messages"]}
    assert parents["First,\n\nmix."] == parents["Another answer"] == ids["How do I bake?"]
    assert parents["And then?"] == ids["First,\n\nmix."]


async def test_what_cannot_be_imported_is_told_by_name_and_the_rest_is_kept(
    client: Conversations, routes: Routes
) -> None:
    good: dict[str, Any] = {"title": "Good", "messages": [{"id": "1", "parent": None, "role": "user", "text": "a\0b"}]}
    bad = {"title": "Bad", "messages": [{"id": "1", "parent": "2", "role": "user", "text": "x"}]}
    long = {**good, "title": "Long", "messages": [{**good["messages"][0], "id": str(n)} for n in range(10_001)]}
    reports = (await routes.ok("POST", "/conversations/import", [good, bad, {"title": 3}, long]))["conversations"]
    assert [each["code"] for each in reports] == [None, "invalid_frame", "invalid_frame", "storage_full"]
    assert reports[1]["error"].startswith("conversations[1].messages[0].parent")
    [message] = await client.messages(reports[0]["id"])
    assert (message["text"], message["answered"]) == ("a\ufffdb", False)


async def test_an_import_of_nonsense_is_no_fault(routes: Routes) -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    mappings: list[Any] = [
        {},
        {"a": {"parent": "a"}},
        {"a": {"parent": "b"}, "b": {"parent": "a"}},
        {"a": {"message": deep}},
        [],
    ]
    for mapping in mappings:
        status, answer = await routes.call("POST", "/conversations/import", {"mapping": mapping, "title": None})
        assert status == 200, answer
    chain = {str(n): node(str(n), str(n - 1), "assistant", "x") for n in range(5_000)}
    [report] = (await routes.ok("POST", "/conversations/import", {"mapping": chain}))["conversations"]
    assert report["id"]


async def shared_by(alice: Routes, address: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    """A conversation of two branches, and a link to the first answer of the first branch."""
    conversation = (await alice.ok("POST", "/conversations", {"title": "Sky", "settings": {"system": "secret"}}))["id"]
    first = await ask(address, conversation, "Why?", KEYS["alice"])
    await ask(address, conversation, "Later question", KEYS["alice"])
    await ask(address, conversation, "Other branch", KEYS["alice"], parent=conversation)
    body = {"message": first["message"], **fields}
    return conversation, await alice.ok("POST", f"/conversations/{conversation}/shares", body)


async def test_a_link_shows_its_branch_and_nothing_else(asking: str, upstream: Upstream) -> None:
    async with routes_of(asking, KEYS["alice"]) as alice, routes_of(asking, KEYS["bob"]) as bob:
        conversation, share = await shared_by(alice, asking, days=7)
        shown = await bob.ok("GET", f"/shared/{share['token']}")
        assert shown == {
            "title": "Sky",
            "created": share["created"],
            "expires": share["expires"],
            "messages": [
                {"role": "user", "text": "Why?", "model": None, "created": shown["messages"][0]["created"]},
                {
                    "role": "model",
                    "text": "Hello world",
                    "model": "gemini-flash-latest",
                    "created": shown["messages"][1]["created"],
                },
            ],
        }
        await alice.ok("PATCH", f"/conversations/{conversation}", {"title": "Renamed"})
        assert (await bob.ok("GET", f"/shared/{share['token']}"))["title"] == "Sky"
        listed = (await alice.ok("GET", "/shares"))["shares"]
        assert listed[0] == {name: value for name, value in share.items() if name != "token"}
        assert (await bob.ok("GET", "/shares"))["shares"] == []


async def test_null_for_the_days_of_a_link_is_thirty_and_for_public_is_no(asking: str) -> None:
    async with routes_of(asking, KEYS["alice"]) as alice:
        _, share = await shared_by(alice, asking, days=None, public=None)
    assert share["public"] is False
    assert share["expires"] - share["created"] == pytest.approx(30 * 86_400)


async def test_a_link_ends_with_its_conversation(asking: str, upstream: Upstream) -> None:
    async with routes_of(asking, KEYS["alice"]) as alice:
        conversation, share = await shared_by(alice, asking)
        await alice.ok("DELETE", f"/conversations/{conversation}")
        assert (await alice.call("GET", f"/shared/{share['token']}"))[0] == 404
        assert share["id"] not in [each["id"] for each in (await alice.ok("GET", "/shares"))["shares"]]


async def test_everything_of_another_owner_is_not_there(asking: str, upstream: Upstream) -> None:
    async with routes_of(asking, KEYS["alice"]) as alice, routes_of(asking, KEYS["bob"]) as bob:
        conversation, share = await shared_by(alice, asking)
        message = (await alice.ok("GET", f"/conversations/{conversation}"))["messages"][0]["id"]
        folder = (await alice.ok("POST", "/folders", {"name": "Hers"}))["id"]
        prompt = (await alice.ok("POST", "/prompts", {"name": "hers", "text": "x"}))["id"]
        own = (await bob.ok("POST", "/conversations", {}))["id"]
        for method, path, body in (
            ("PATCH", f"/conversations/{conversation}", {"pinned": True}),
            ("PATCH", f"/conversations/{own}", {"folder": folder}),
            ("POST", f"/conversations/{conversation}/shares", {"message": message}),
            ("POST", f"/conversations/{own}/shares", {"message": message}),
            ("POST", f"/conversations/{conversation}/title", None),
            ("PATCH", f"/folders/{folder}", {"name": "His"}),
            ("DELETE", f"/folders/{folder}", None),
            ("PATCH", f"/prompts/{prompt}", {"text": "y"}),
            ("PATCH", f"/prompts/{prompt}", {}),
            ("DELETE", f"/prompts/{prompt}", None),
            ("DELETE", f"/shares/{share['id']}", None),
        ):
            status, problem = await bob.call(method, path, body)
            assert (status, problem["code"]) == (404, "not_found"), path
        assert folder not in json.dumps(await bob.ok("GET", "/folders"))
        assert prompt not in json.dumps(await bob.ok("GET", "/prompts"))
        assert conversation not in json.dumps(await bob.ok("GET", "/conversations/export"))


async def test_the_model_makes_a_title_that_is_charged_and_leaves_a_name_of_ones_own(
    asking: str, upstream: Upstream
) -> None:
    async with routes_of(asking, KEYS["alice"]) as alice:
        conversation, _ = await shared_by(alice, asking)
        before = await turns_of(alice)
        upstream.plays(says('**"Blue skies."**\n'))
        titled = await alice.ok("POST", f"/conversations/{conversation}/title")
        assert titled["title"] == "Blue skies"
        assert await turns_of(alice) == before + 1
        assert len((await alice.ok("GET", f"/conversations/{conversation}"))["messages"]) == 6

        async def renamed_meanwhile(exchange: Any) -> None:
            await alice.ok("PATCH", f"/conversations/{conversation}", {"title": "Mine"})
            await says("Theirs")(exchange)

        upstream.plays(renamed_meanwhile)
        assert (await alice.ok("POST", f"/conversations/{conversation}/title"))["title"] == "Mine"
        empty = (await alice.ok("POST", "/conversations", {}))["id"]
        assert (await alice.call("POST", f"/conversations/{empty}/title"))[0] == 404


async def turns_of(routes: Routes) -> int:
    """The turns that a caller was charged for today."""
    [today] = (await routes.ok("GET", "/usage?days=1"))["days"]
    return sum(each["turns"] for each in today["models"])


async def test_without_a_model_for_it_no_title_is_made(client: Conversations, routes: Routes, address: str) -> None:
    conversation = await client.create()
    await ask_rest(address, message="hi", conversation=conversation)
    assert (await routes.call("POST", f"/conversations/{conversation}/title"))[0] == 404
    assert (await routes.ok("GET", "/models"))["titles"] is False


async def test_folders_prompts_and_links_have_bounds(
    asking: str, upstream: Upstream, module_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deltawire.conversations.library.MAX_FOLDERS", 1)
    monkeypatch.setattr("deltawire.conversations.library.MAX_PROMPTS", 1)
    monkeypatch.setattr("deltawire.conversations.share_links.MAX_SHARES", 1)
    async with routes_of(asking, KEYS["carol"]) as carol:
        conversation = (await carol.ok("POST", "/conversations", {}))["id"]
        answer = (await ask(asking, conversation, "Why?", KEYS["carol"]))["message"]
        for path, body in (
            ("/folders", {"name": "x"}),
            ("/prompts", {"name": "x", "text": "x"}),
            (f"/conversations/{conversation}/shares", {"message": answer}),
        ):
            await carol.ok("POST", path, body)
            status, problem = await carol.call("POST", path, body)
            assert (status, problem["code"]) == (507, "storage_full"), path
        await expire_all(module_database)
        await carol.ok("POST", f"/conversations/{conversation}/shares", {"message": answer})


async def test_all_prompts_together_have_a_bound(asking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deltawire.conversations.library.MAX_PROMPTS_CHARS", 10)
    async with routes_of(asking, KEYS["carol"]) as carol:
        kept = await carol.ok("POST", "/prompts", {"name": "bound", "text": "12345"})
        for method, path, body in (
            ("POST", "/prompts", {"name": "more", "text": "123456"}),
            ("PATCH", f"/prompts/{kept['id']}", {"text": "12345678901"}),
        ):
            status, problem = await carol.call(method, path, body)
            assert (status, problem["code"], problem["field"]) == (507, "storage_full", "text")
        listed = (await carol.ok("GET", "/prompts"))["prompts"]
        assert [each["text"] for each in listed if each["name"] in ("bound", "more")] == ["12345"]
        await carol.call("DELETE", f"/prompts/{kept['id']}")


TOO_MUCH = {
    "objects": (b"[" + b"{}," * 260_000 + b"{}]", 413, "message_too_large"),
    "values": (b'[{"messages": [' + b"0," * 505_000 + b"0]}]", 413, "message_too_large"),
    "conversations": (b"[" + b"{}," * 10_000 + b"{}]", 400, "invalid_frame"),
}


@pytest.mark.parametrize("body, status, code", TOO_MUCH.values(), ids=TOO_MUCH)
async def test_an_import_of_far_too_many_things_is_refused_as_a_whole(
    asking: str, body: bytes, status: int, code: str
) -> None:
    got, problem, _ = await post(asking, "/conversations/import", body, **bearer(KEYS["carol"]))
    assert (got, problem["code"]) == (status, code)
    assert "An import may hold at most" in problem["message"]


async def test_branches_that_repeat_one_answer_are_read_within_a_bound(
    routes: Routes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer of 40 parts, from each of which a branch goes off: each branch would hold all that is above it."""
    monkeypatch.setattr("deltawire.conversations.imports.chatgpt._MAX_CHARS", 10_000)
    parts = {str(n): node(str(n), str(n - 1), "assistant", "x" * 100) for n in range(40)}
    alone = (await routes.ok("POST", "/conversations/import", {"mapping": parts}))["conversations"]
    assert alone[0]["id"]
    branches = {f"q{n}": node(f"q{n}", str(n), "user", "And?") for n in range(40)}
    [report] = (await routes.ok("POST", "/conversations/import", {"mapping": {**parts, **branches}}))["conversations"]
    assert report["error"] == "conversations[0] must hold at most 10,000 characters."


async def expire_all(url: str) -> None:
    """Let every link have expired."""
    database = Database(url)
    async with database.writing() as transaction:
        await transaction.execute(text("UPDATE shares SET expires = 1"))
    await database.close()


async def test_many_at_once_may_read_a_link(asking: str, upstream: Upstream) -> None:
    async with routes_of(asking, KEYS["alice"]) as alice, routes_of(asking) as anybody:
        _, share = await shared_by(alice, asking, public=True)
        answers = await asyncio.gather(*(anybody.call("GET", f"/shared/{share['token']}") for _ in range(20)))
        assert {status for status, _ in answers} == {200}
