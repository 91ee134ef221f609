"""Imports that are not as this server, or ChatGPT, writes them today; on every store."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text
from support.conversations import Conversations, conversations_of
from support.process import running_over
from support.serving import serving
from support.transports import ask_rest
from support.upstream import Upstream, says

from deltawire.conversations.database import Database

QUESTION = {"id": "1", "parent": None, "role": "user", "text": "Why?"}
GOOD = {"title": "Good", "messages": [QUESTION]}


@pytest.fixture
async def http(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://{address}") as http:
        yield http


async def imported(http: aiohttp.ClientSession, body: Any) -> list[Any]:
    """Return the report on each conversation; a body that is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with http.post("/conversations/import", data=data, headers={"Content-Type": "application/json"}) as response:
        assert response.status == 200, await response.text()
        return list((await response.json())["conversations"])


async def names(http: aiohttp.ClientSession, kind: str) -> list[str]:
    """The names of the caller's folders, or prompts."""
    async with http.get(f"/{kind}") as response:
        return [each["name"] for each in (await response.json())[kind]]


async def test_folders_and_prompts_are_imported_without_a_conversation(http: aiohttp.ClientSession) -> None:
    prompts = [{"name": "alone", "text": "Be brief."}]
    assert await imported(http, {"folders": [{"id": "f", "name": "Alone"}], "prompts": [], "conversations": []}) == []
    assert await imported(http, {"folders": [], "prompts": prompts, "conversations": []}) == []
    [report] = await imported(http, {"folders": [{"id": "f", "name": "Empty"}], "conversations": [GOOD]})
    assert report["id"]
    assert {"Alone", "Empty"} <= set(await names(http, "folders"))
    assert "alone" in await names(http, "prompts")
    await imported(http, {"folders": [{"id": "f", "name": "Alone"}], "prompts": prompts, "conversations": []})
    assert (await names(http, "folders")).count("Alone") == (await names(http, "prompts")).count("alone") == 1


async def test_a_folder_of_an_import_has_a_name_as_others_have(
    client: Conversations, http: aiohttp.ClientSession
) -> None:
    folders = [{"id": "long", "name": "n" * 101}, {"id": "blank", "name": " "}, {"id": "nul", "name": "a\0b"}]
    placed = [{**GOOD, "folder": each["id"]} for each in (*folders, folders[2])]
    long, blank, first, second = [
        each["id"] for each in await imported(http, {"folders": folders, "conversations": placed})
    ]
    found = await names(http, "folders")
    assert "n" * 100 in found
    assert all(name.strip() and len(name) <= 100 for name in found)
    assert (await client.read(long))["folder"] is not None
    assert (await client.read(blank))["folder"] is None
    assert (await client.read(first))["folder"] == (await client.read(second))["folder"] is not None
    assert found.count("a\ufffdb") == 1


async def test_an_item_that_is_nothing_to_import_costs_no_other_item(http: aiohttp.ClientSession) -> None:
    body = {"folders": [None, {"id": 1}], "prompts": [None, {"name": 1}], "conversations": [None, GOOD, 3]}
    none, good, three = await imported(http, body)
    assert (none["code"], none["error"]) == ("invalid_frame", "conversations[0] must be a conversation.")
    assert (good["id"] is not None, three["code"]) == (True, "invalid_frame")


async def test_half_of_a_surrogate_pair_costs_that_character_alone(
    client: Conversations, http: aiohttp.ClientSession
) -> None:
    text = "cut \ud83d, whole \U0001f600, and \\ud83d in words"
    cut = {"title": "\udc00 title", "messages": [{**QUESTION, "text": text}]}
    first, second = await imported(http, [cut, GOOD])
    assert (first["title"], second["title"]) == ("\ufffd title", "Good")
    [message] = await client.messages(first["id"])
    assert message["text"] == "cut \ufffd, whole \U0001f600, and \\ud83d in words"


async def test_a_file_with_a_byte_order_mark_is_imported(http: aiohttp.ClientSession) -> None:
    [report] = await imported(http, b"\xef\xbb\xbf" + json.dumps(GOOD).encode())
    assert report["id"]


async def test_a_setting_that_this_version_does_not_accept_costs_no_other_setting(
    client: Conversations, http: aiohttp.ClientSession
) -> None:
    settings = {"system": "be brief", "temperature": 1, "top_p": 7, "of a later version": True}
    [report] = await imported(http, {**GOOD, "settings": settings})
    assert (await client.read(report["id"]))["settings"] == {"system": "be brief", "temperature": 1}


async def test_a_conversation_whose_import_a_crash_broke_off_is_never_seen_and_is_removed(
    upstream: Upstream, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [{**QUESTION, "id": str(number)} for number in range(9_000)]
    async with running_over(upstream, database_url=database) as process:
        async with (
            aiohttp.ClientSession(f"http://{process.address}") as http,
            conversations_of(process.address) as client,
        ):
            body = {"title": "Half", "messages": messages}
            task = asyncio.create_task(imported(http, body))
            while await messages_in(database) == 0:
                if task.done():  # a store that is slow for a moment has refused it
                    task = asyncio.create_task(imported(http, body))
                await asyncio.sleep(0.01)
            assert (await client.page())["conversations"] == await client.found("why") == []
            await process.stop(signal.SIGKILL)
            with pytest.raises(aiohttp.ClientError):
                await task
    assert 0 < await messages_in(database) < len(messages)
    async with serving(upstream, database_url=database) as address, conversations_of(address) as client:
        assert (await client.page())["conversations"] == await client.found("why") == []
        monkeypatch.setattr("deltawire.conversations.tree._IMPORT_SECONDS", -1.0)
        await client.call("DELETE", f"/{await client.create()}")
        while await messages_in(database) > 0:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)


async def messages_in(url: str) -> int:
    """The number of messages of all conversations."""
    database = Database(url)
    async with database.reading() as connection:
        number = await connection.scalar(text("SELECT count(*) FROM messages"))
    await database.close()
    return int(number or 0)


async def test_the_spaces_of_a_title_are_imported(client: Conversations, http: aiohttp.ClientSession) -> None:
    title = "  a title\nof two lines "
    [report] = await imported(http, {**GOOD, "title": title})
    assert (report["title"], (await client.read(report["id"]))["title"]) == (title, title)


@pytest.mark.parametrize("title", ["", "quaint"])
async def test_an_imported_title_is_found_until_it_is_changed(
    client: Conversations, http: aiohttp.ClientSession, title: str
) -> None:
    [report] = await imported(http, {**GOOD, "title": title})
    assert await client.found("quaint") == ([report["id"]] if title else [])
    await client.call("PATCH", f"/{report['id']}", {"title": "renamed"})
    assert (await client.found("quaint"), await client.found("renamed")) == ([], [report["id"]])
    await client.call("DELETE", f"/{report['id']}")
    assert await client.found("renamed") == []


def node(name: str, parent: str | None, role: str, *parts: Any, kind: str = "text", **metadata: Any) -> dict[str, Any]:
    """A node of ChatGPT's tree."""
    content = {"content_type": kind, "parts": list(parts)}
    message = {"author": {"role": role}, "content": content, "metadata": metadata}
    return {"id": name, "parent": parent, "message": message}


def exported(*nodes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A conversation as ChatGPT exports it."""
    return {"title": "Exported", "mapping": {each["id"]: each for each in nodes}, **fields}


async def test_a_chat_of_chatgpt_goes_on_from_the_branch_that_was_seen_last(
    client: Conversations, http: aiohttp.ClientSession, address: str, upstream: Upstream
) -> None:
    nodes = (
        node("q1", None, "user", "Why?"),
        node("a1", "q1", "assistant", "The answer to which its reader returned."),
        node("again", "q1", "assistant", "An answer asked for again."),
        node("q2", "a1", "user", "And then?"),
        node("a2", "q2", "assistant", "Last."),
    )
    [report] = await imported(http, exported(*nodes, current_node="a2"))
    upstream.plays(says("On."))
    await ask_rest(address, "Go on.", conversation=report["id"])
    messages = await client.messages(report["id"])
    texts = {each["id"]: each["text"] for each in messages}
    [question] = [each for each in messages if each["text"] == "Go on."]
    assert texts[question["parent"]] == "Last."


async def test_the_words_of_a_voice_chat_are_imported(client: Conversations, http: aiohttp.ClientSession) -> None:
    def spoken(words: str, direction: str) -> tuple[dict[str, Any], ...]:
        transcript = {"content_type": "audio_transcription", "text": words, "direction": direction}
        return transcript, {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://file_0"}

    question = node("q", None, "user", *spoken("Can you hear me?", "in"), kind="multimodal_text")
    answer = node("a", "q", "assistant", *spoken("I can.", "out"), kind="multimodal_text")
    [report] = await imported(http, exported(question, answer, is_archived=True))
    tree = await client.read(report["id"])
    assert [each["text"] for each in tree["messages"]] == ["Can you hear me?", "I can."]
    assert tree["archived"] is True


async def test_the_marks_of_chatgpts_page_are_imported_as_people_saw_them(
    client: Conversations, http: aiohttp.ClientSession
) -> None:
    cite, entity = "\ue200cite\ue202turn0search1\ue201", '\ue200entity\ue202["people", "Ada Lovelace", 0]\ue201'
    text = f"{entity} wrote it. {cite} It ran.{cite} \ue200entity\ue202[\ue201"
    references = [
        None,
        {"matched_text": cite, "alt": "([a page](https://a.example))"},
        {"matched_text": cite, "alt": None},
    ]
    [report] = await imported(http, exported(node("a", None, "assistant", text, content_references=references)))
    [answer] = await client.messages(report["id"])
    assert answer["text"] == "Ada Lovelace wrote it. ([a page](https://a.example)) It ran. "
