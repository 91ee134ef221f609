"""Files that the model makes: told as frames, kept as the caller's, sent back to the model, or not kept."""

import asyncio
import json
from base64 import b64encode
from typing import Any

import pytest
from support.client import connected, text_of
from support.conversations import conversations_of
from support.files import files_of
from support.made_files import PART, PICTURE, makes
from support.serving import serving, sharing
from support.transports import ask_socket, ask_sse, posting
from support.upstream import Exchange, Upstream, answer, says

NAMED = {"media_type": "image/png", "name": "image-1.png", "size": len(PICTURE)}


@pytest.mark.parametrize("ask", [ask_socket, ask_sse])
async def test_a_picture_is_sent_and_kept(upstream: Upstream, ask: Any) -> None:
    upstream.plays(makes(PART))
    async with sharing(upstream) as address, files_of(address) as files:
        delta, file_frame, usage = await ask(address, id="t1")
        assert (delta["text"], usage["finish_reason"]) == ("Here it is.", "stop")
        assert file_frame == {"type": "file", "id": "t1", "file": file_frame["file"], **NAMED}
        status, body, headers = await files.get(f"/{file_frame['file']}/content")
    assert (status, body, headers["Content-Type"]) == (200, PICTURE, "image/png")


async def test_a_whole_answer_lists_its_pictures(upstream: Upstream) -> None:
    upstream.plays(makes(PART, PART, text="Two."))
    async with sharing(upstream) as address, posting(address, "/chat") as response:
        whole = await response.json()
    assert [(file["type"], file["size"]) for file in whole["files"]] == [("image/png", len(PICTURE))] * 2


async def test_an_answer_of_a_picture_alone_is_whole(upstream: Upstream) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.start()
        made = answer(
            "", finish="STOP", usage={"promptTokenCount": 3, "candidatesTokenCount": 9, "totalTokenCount": 12}
        )
        made["candidates"][0]["content"]["parts"] = [PART]
        await exchange.event(made)
        await exchange.finish()

    upstream.plays(script, says("Blue."))
    async with sharing(upstream) as address, connected(address) as client:
        file_frame, usage = await client.ask("Draw")
        assert (file_frame["type"], usage["type"]) == ("file", "usage")
        await client.ask("And?")
    [_, model, _] = upstream.exchanges[1].body["contents"]
    assert model == {"role": "model", "parts": [PART]}


async def test_a_conversation_shows_a_picture_and_sends_it_back_as_it_came(upstream: Upstream) -> None:
    upstream.plays(makes(PART), says("Bluer."))
    async with sharing(upstream) as address, conversations_of(address) as store, connected(address) as client:
        conversation = await store.create()
        file_frame = (await client.ask("Draw", conversation=conversation))[1]
        stored = (await store.messages(conversation))[1]
        kept = {"id": file_frame["file"], "name": NAMED["name"], "type": "image/png", "size": NAMED["size"]}
        assert stored["files"] == [kept]
        await client.ask("Bluer", conversation=conversation)
        async with files_of(address) as files:
            assert json.loads((await files.get(f"/{file_frame['file']}"))[1])["expires"] is None
    [_, model, _] = upstream.exchanges[1].body["contents"]
    assert model == {"role": "model", "parts": [{"text": "Here it is."}, PART]}


@pytest.mark.parametrize(
    "settings, part, code",
    [
        ({"max_files_bytes_per_caller": 10}, PART, "budget_exhausted"),
        ({"file_types": "pdf"}, PART, "unsupported"),
        ({}, {"inlineData": {"mimeType": "image/jpeg", "data": b64encode(PICTURE).decode()}}, "invalid_file"),
    ],
)
async def test_a_picture_that_is_not_kept_is_sent_with_the_reason(
    upstream: Upstream, settings: dict[str, Any], part: dict[str, Any], code: str, tmp_path: Any
) -> None:
    upstream.plays(makes(part))
    async with serving(upstream, data_dir=tmp_path, **settings) as address, connected(address) as client:
        delta, file_frame, usage = await client.ask("Draw")
    assert (text_of([delta]), file_frame["file"], file_frame["error"]) == ("Here it is.", None, code)
    assert usage["finish_reason"] == "stop"


async def test_a_turn_is_cancelled_while_the_store_of_its_picture_hangs(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested, ended = asyncio.Event(), asyncio.Event()

    async def hangs(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requested.set()
        await ended.wait()
        writer.close()

    async with await asyncio.start_server(hangs, "127.0.0.1", 0) as store:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{store.sockets[0].getsockname()[1]}")
        for name in ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "tests")
        upstream.plays(makes(PART))
        async with serving(upstream, files_url="s3://bucket/files") as address, connected(address) as client:
            await client.chat("Draw", id="t1")
            assert (await client.receive())["type"] == "delta"
            await requested.wait()
            await client.send(type="cancel", id="t1")
            end = await client.receive()
            assert (end["type"], end["finish_reason"]) == ("usage", "cancelled")
            ended.set()
