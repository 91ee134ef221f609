"""Turns that are asked with files: on every transport, in conversations, inline and through the Files API."""

import asyncio
import io
import json
import time
import zipfile
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from support.client import connected, text_of
from support.conversations import conversations_of
from support.files import PDF, files_of, png
from support.google_files import GoogleFiles
from support.serving import serving
from support.transports import TRANSPORTS, ask_rest

MIB = 2**20
PNG = png()
DIGESTS = [("image/png", sha256(PNG).hexdigest()), ("application/pdf", sha256(PDF).hexdigest())]


@pytest.fixture
async def google() -> AsyncIterator[GoogleFiles]:
    async with GoogleFiles() as server:
        yield server


@pytest.fixture
async def address(google: GoogleFiles, tmp_path: Path) -> AsyncIterator[str]:
    async with serving(google, data_dir=tmp_path) as address:  # type: ignore[arg-type]
        yield address


async def two_files(address: str) -> list[str]:
    async with files_of(address) as client:
        first = await client.upload(PNG, "image/png", "a.png")
        second = await client.upload(PDF, "application/pdf", "b.pdf")
    return [first["id"], second["id"]]


@pytest.mark.parametrize("ask", TRANSPORTS.values(), ids=TRANSPORTS)
async def test_the_upstream_is_asked_with_the_same_bytes(address: str, google: GoogleFiles, ask: Any) -> None:
    files = await two_files(address)
    await ask(address, "What are these?", files=files)
    assert google.parts() == [DIGESTS]
    assert google.requests[-1][-1]["parts"][-1] == {"text": "What are these?"}


async def test_an_unknown_file_is_refused_by_name(address: str, google: GoogleFiles) -> None:
    known = (await two_files(address))[0]
    async with connected(address) as client:
        [error] = await client.ask("hi", id="t1", files=[known, "0" * 24])
    assert (error["code"], error["field"], error["id"]) == ("not_found", "files[1]", "t1")
    assert not google.requests


async def test_a_socket_remembers_the_files_of_its_questions(address: str, google: GoogleFiles) -> None:
    files = await two_files(address)
    async with connected(address) as client:
        await client.ask("What are these?", id="t1", files=files)
        await client.ask("And the first?", id="t2")
    assert google.parts() == [DIGESTS, [], []]


async def test_a_socket_remembers_the_files_of_its_questions_with_grace(address: str, google: GoogleFiles) -> None:
    files = await two_files(address)
    async with connected(address) as client:
        await client.ask("What are these?", id="t1", files=files, grace=5)
        await client.ask("And the first?", id="t2")
    assert google.parts() == [DIGESTS, [], []]


async def test_a_conversation_keeps_them_over_a_restart_and_49_hours(
    google: GoogleFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = b"words " * 2 * MIB
    settings = {"data_dir": tmp_path}
    async with serving(google, **settings) as address, conversations_of(address) as store:  # type: ignore[arg-type]
        async with files_of(address) as client:
            long = await client.upload(large, "text/plain", "long.txt")
            assert long["expires"] is not None
        files = [long["id"], *await two_files(address)]
        conversation = await store.create()
        async with connected(address) as client:
            await client.ask("What are these?", conversation=conversation, files=files)
        parts = google.parts()
        assert parts == [[("text/plain", sha256(large).hexdigest()), *DIGESTS]]
        assert google.uploads == 1
    later = time.time() + 49 * 3_600
    monkeypatch.setattr("time.time", lambda: later)
    google.now = lambda: later
    async with serving(google, **settings) as address, connected(address) as client:  # type: ignore[arg-type]
        await client.ask("And now?", conversation=conversation)
        assert google.parts() == [*parts, [], []]
        assert google.uploads == 2
        async with files_of(address) as files_client:
            assert json.loads((await files_client.get(f"/{long['id']}"))[1])["expires"] is None


async def test_a_deleted_file_is_deleted_at_the_provider_too(address: str, google: GoogleFiles) -> None:
    async with files_of(address) as client, connected(address) as socket:
        file = await client.upload(b"words " * 2 * MIB, "text/plain")
        await socket.ask("One", files=[file["id"]])
        assert await client.delete(file["id"]) == 204
        while google.uploaded:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_a_file_that_a_conversation_names_outlives_the_end_of_a_temporary_chat(
    address: str, google: GoogleFiles
) -> None:
    named, unnamed = await two_files(address)
    async with conversations_of(address) as store, connected(address) as socket, files_of(address) as client:
        await socket.ask("hi", conversation=await store.create(), files=[named])
        await socket.ask("And both?", files=[named, unnamed])
        for file in (named, unnamed):
            assert await client.delete(f"{file}?unnamed=true") == 204
        assert [(await client.get(f"/{file}"))[0] for file in (named, unnamed)] == [200, 404]
        assert await client.delete(f"{named}?unnamed=maybe") == 400
        assert await client.delete(named) == 204


async def test_a_message_of_the_store_has_its_files(address: str, google: GoogleFiles) -> None:
    files = await two_files(address)
    async with conversations_of(address) as store:
        conversation = await store.create()
        end = (await ask_rest(address, "What are these?", conversation=conversation, files=files))[-1]
        question = (await store.messages(conversation))[0]
        assert [file["name"] for file in question["files"]] == ["a.png", "b.pdf"]
        await ask_rest(address, "What are these?", conversation=conversation, parent=question["id"])
        assert google.parts() == [DIGESTS]
        assert end["type"] == "usage"
        _, markdown = await store.call("GET", f"/{conversation}/export")
        assert "## You\n\nWhat are these?\n\n- a\\.png (image/png)\n- b\\.pdf (application/pdf)\n" in markdown
        archived = await store.archive(conversation)
    with zipfile.ZipFile(io.BytesIO(archived)) as archive:
        assert archive.testzip() is None
        assert archive.read(f"files/{files[0]}/a.png") == PNG
        assert archive.read(f"files/{files[1]}/b.pdf") == PDF
        assert "What are these?" in archive.read("conversation.md").decode()


async def test_a_question_is_asked_again_with_its_files_on_a_socket_that_had_others(
    address: str, google: GoogleFiles
) -> None:
    picture, document = await two_files(address)
    async with conversations_of(address) as store, connected(address) as client:
        conversation = await store.create()
        await client.ask("What is this?", conversation=conversation, files=[picture])
        question = (await store.messages(conversation))[0]["id"]
        await client.ask("And this?", files=[document])
        await client.ask("What is this?", conversation=conversation, parent=question)
    assert google.parts() == [DIGESTS[:1]]


async def test_the_stand_in_says_what_it_was_given(tmp_path: Path) -> None:
    async with serving(None, data_dir=tmp_path) as address, files_of(address) as client, connected(address) as socket:
        picture = await client.upload(PNG, "image/png")
        long = await client.upload(b"In the beginning was the word. " * 2**19, "text/plain")
        answer = text_of(await socket.ask("hi", files=[picture["id"], long["id"]]))
    assert f"image/png of {len(PNG):,} bytes" in answer
    assert f"text/plain of {31 * 2**19:,} bytes, which begins “In the beginning was the word." in answer


async def test_on_vertex_a_file_is_inline(google: GoogleFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_VERTEX_BASE_URL", google.url)
    large = b"words " * 2 * MIB
    async with serving(google, data_dir=tmp_path) as address:  # type: ignore[arg-type]
        async with files_of(address) as client:
            file = await client.upload(large, "text/plain")
        await ask_rest(address, "hi", files=[file["id"], *await two_files(address)])
    assert google.parts() == [[("text/plain", sha256(large).hexdigest()), *DIGESTS]]
    assert google.uploads == 0
