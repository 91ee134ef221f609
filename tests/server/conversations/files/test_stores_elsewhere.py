"""S3, Google Cloud Storage and Azure by FILES_URL: what is written is read; a full or slow store is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from support.blob_store import BlobStore
from support.client import connected
from support.files import PDF, files_of
from support.google_files import GoogleFiles
from support.serving import serving
from support.transports import ask_rest
from support.upstream import Upstream

from deltawire.conversations.files.objects import Objects
from deltawire.protocol.errors import Failure

MIB = 2**20
URLS = ["s3://bucket/files", "gs://bucket/files", "az://bucket/files"]


@pytest.fixture
async def store(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BlobStore]:
    async with BlobStore() as store:
        store.is_named_to(monkeypatch)
        yield store


async def letters(*pieces: int) -> AsyncIterator[bytes]:
    for number, size in enumerate(pieces):
        yield bytes([97 + number]) * size


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("pieces", [[7], [MIB] * 11], ids=["small", "in parts"])
async def test_what_is_written_is_read_and_deleted(store: BlobStore, url: str, pieces: list[int]) -> None:
    objects = Objects(url)
    await objects.put("ab/cd", letters(*pieces))
    written = b"".join([piece async for piece in letters(*pieces)])
    assert store.objects == {"bucket/files/ab/cd": written}
    assert b"".join([piece async for piece in objects.read("ab/cd", len(written))]) == written
    await objects.delete("ab/cd")
    assert not store.objects
    await objects.delete("ab/cd")


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "refusal, code",
    [
        ((507, "XMinioStorageFull"), "storage_full"),
        ((403, "QuotaExceeded"), "storage_full"),
        ((403, "AccessDenied"), "store_unavailable"),
        ((409, "ContainerBeingDeleted"), "store_unavailable"),
    ],
)
async def test_a_refusal_has_its_name_and_says_nothing_of_the_place(
    store: BlobStore, url: str, refusal: tuple[int, str], code: str
) -> None:
    store.refusal = refusal
    with pytest.raises(Failure) as failure:
        await Objects(url).put("ab/cd", letters(7))
    assert failure.value.code == code
    assert "bucket" not in f"{failure.value.message} {failure.value.cause}"


async def test_a_full_store_is_told_and_keeps_no_half(store: BlobStore, upstream: Upstream, tmp_path: Path) -> None:
    store.refusal = (507, "XMinioStorageFull")
    async with serving(upstream, data_dir=tmp_path, files_url=URLS[0]) as address, files_of(address) as client:
        status, problem = await client.send(PDF, "application/pdf")
        assert (status, problem["code"], problem["retryable"]) == (507, "storage_full", False)
        assert json.loads((await client.get())[1])["files"] == []
        store.refusal = None
        await client.upload(PDF, "application/pdf")
    assert list(store.objects.values()) == [PDF]
    assert not store.parts


async def test_a_slow_store_delays_only_those_who_need_it(store: BlobStore, upstream: Upstream, tmp_path: Path) -> None:
    async with serving(upstream, data_dir=tmp_path, files_url=URLS[0]) as address, files_of(address) as client:
        file = (await client.upload(PDF, "application/pdf"))["id"]
        store.pause = 3600
        async with connected(address) as socket:
            await socket.chat(id="slow", files=[file])
            uploading = asyncio.create_task(client.send(PDF + b" ", "application/pdf"))
            frames = await socket.ask("hi", id="quick")
            assert frames[-1]["id"] == "quick"
            await socket.send(type="cancel", id="slow")
            assert (await socket.until_end())[-1]["finish_reason"] == "cancelled"
        uploading.cancel()
        await asyncio.wait({uploading})
        store.pause = 0.0


async def test_a_store_that_does_not_answer_is_away(
    store: BlobStore, upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects: dict[str, Any] = {"timeout": "300ms", "connect_timeout": "300ms", "allow_http": True}
    monkeypatch.setattr("deltawire.conversations.files.objects._CLIENT", objects)
    monkeypatch.setattr("deltawire.conversations.files.objects._RETRYING", {"max_retries": 0})
    store.pause = 3600
    async with serving(upstream, data_dir=tmp_path, files_url=URLS[0]) as address, files_of(address) as client:
        status, problem = await client.send(PDF, "application/pdf")
        assert (status, problem["code"], problem["retryable"]) == (503, "store_unavailable", True)
        assert json.loads((await client.get())[1])["files"] == []


async def test_on_vertex_a_file_in_a_bucket_of_google_is_asked_by_its_address(
    store: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with GoogleFiles() as google:
        monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
        monkeypatch.setenv("GOOGLE_VERTEX_BASE_URL", google.url)
        settings = {"data_dir": tmp_path, "files_url": URLS[1]}
        async with serving(google, **settings) as address, files_of(address) as client:  # type: ignore[arg-type]
            file = await client.upload(PDF, "application/pdf")
            await ask_rest(address, "hi", files=[file["id"]])
    [[(kind, address)]] = google.parts()
    assert (kind, address.removeprefix("gs://")) == ("application/pdf", *store.objects)
    assert file["sha256"] == sha256(store.objects[address.removeprefix("gs://")]).hexdigest()
