"""Files in a folder and in a real S3, with each database: sent, found, read, listed, shared, swept and deleted."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from hashlib import sha256
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text
from support.files import PDF, Files, files_of, png
from support.identity import API_KEYS, KEYS, bearer
from support.object_store import s3_bucket
from support.postgres import fresh_database
from support.serving import serving
from support.upstream import Upstream

from deltawire.config.settings import Settings
from deltawire.conversations.database import Database
from deltawire.conversations.files.holder import Holder
from deltawire.conversations.migrate import migrate

MIB = 2**20


class Place(NamedTuple):
    """The place of the objects, and a way to list them."""

    url: str
    keys: Callable[[], list[str]]
    lose: Callable[[], None]
    """Deletes every object, as an operator's mistake would."""

    async def becomes(self, number: int) -> None:
        """Wait until it holds so many objects."""
        async with asyncio.timeout(60):
            while len(await asyncio.to_thread(self.keys)) != number:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)


@pytest.fixture(
    scope="module",
    params=[
        ("folder", "sqlite"),
        ("s3", "postgresql"),
        pytest.param(("folder", "postgresql"), marks=pytest.mark.nightly),
        pytest.param(("s3", "sqlite"), marks=pytest.mark.nightly),
    ],
    ids="-".join,
)
def kinds(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The kind of object store, and of database."""
    kinds: tuple[str, str] = request.param
    return kinds


@pytest.fixture(scope="module")
def place(kinds: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if kinds[0] == "s3":
        with s3_bucket() as bucket:
            yield Place(bucket.url, bucket.keys, bucket.empty)
        return
    folder = tmp_path_factory.mktemp("files")

    def lose() -> None:
        shutil.rmtree(folder)
        folder.mkdir()

    yield Place(folder.as_uri(), lambda: [name for _, _, names in os.walk(folder) for name in names], lose)


@pytest.fixture(scope="module")
async def settings(
    kinds: tuple[str, str], place: Place, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("data")
    own = {"files_url": place.url, "data_dir": folder}
    if kinds[1] == "sqlite":
        yield {**own, "database_url": f"sqlite+aiosqlite:///{folder / 'conversations.db'}"}
        return
    async with fresh_database(request.getfixturevalue("postgresql")) as url:
        database = Settings(database_url=url).database
        await migrate(database)
        yield {**own, "database_url": database}


@pytest.fixture(scope="module")
async def address(shared_upstream: Upstream, settings: dict[str, Any]) -> AsyncIterator[str]:
    async with serving(shared_upstream, **settings, api_keys=API_KEYS, max_file_bytes=12 * MIB) as address:
        yield address


@pytest.fixture
async def alice(address: str) -> AsyncIterator[Files]:
    async with files_of(address, **bearer(KEYS["alice"])) as client:
        yield client


async def gone(client: Files, place: Place) -> None:
    """Delete all files; nothing is left."""
    _, listed, _ = await client.get()
    for file in json.loads(listed)["files"]:
        assert await client.delete(file["id"]) == 204
    await place.becomes(0)


async def test_a_file_is_kept_and_given_back_as_it_was(alice: Files, place: Place) -> None:
    for content, kind, name in ((png(), "image/png", "a.png"), (b"text\n" * 2 * MIB, "text/plain", "long.txt")):
        file = await alice.upload(content, kind, name)
        assert file["sha256"] == sha256(content).hexdigest()
        assert (file["name"], file["type"], file["size"]) == (name, kind, len(content))
        assert file["expires"] > file["created"]
        status, got, headers = await alice.get(f"/{file['id']}/content")
        assert (status, got) == (200, content)
        assert headers["Content-Disposition"] == f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("sandbox")
    await gone(alice, place)


async def test_the_same_bytes_of_a_caller_are_one_object(alice: Files, place: Place) -> None:
    first = await alice.upload(png(), "image/png", "a.png")
    again = await alice.upload(png(), "image/png", "a.png")
    renamed = await alice.upload(png(), "image/png", "b.png")
    assert again["id"] == first["id"] != renamed["id"]
    await place.becomes(1)
    assert await alice.delete(first["id"]) == 204
    assert (await alice.get(f"/{renamed['id']}/content"))[1] == png()
    await gone(alice, place)


@pytest.mark.parametrize("sent_again", ["a.png", "c.png"])
async def test_a_file_whose_object_is_lost_is_repaired_by_sending_it_again(
    alice: Files, place: Place, sent_again: str
) -> None:
    first = await alice.upload(png(), "image/png", "a.png")
    renamed = await alice.upload(png(), "image/png", "b.png")
    await place.becomes(1)
    await asyncio.to_thread(place.lose)
    assert (await alice.get(f"/{first['id']}/content"))[0] == 503
    again = await alice.upload(png(), "image/png", sent_again)
    assert (again["id"] == first["id"]) == (sent_again == "a.png")
    await alice.upload(PDF, "application/pdf", "other.pdf")
    await place.becomes(2)
    for file in (first, renamed, again):
        assert (await alice.get(f"/{file['id']}/content"))[:2] == (200, png())
    assert await alice.delete(again["id"]) == 204
    assert (await alice.get(f"/{renamed['id']}/content"))[1] == png()
    await gone(alice, place)


async def test_copies_of_a_lost_file_that_come_at_once_are_one_object(alice: Files, place: Place) -> None:
    first = await alice.upload(png(), "image/png", "0.png")
    await asyncio.to_thread(place.lose)
    sent = await asyncio.gather(*(alice.upload(png(), "image/png", f"{number}.png") for number in range(6)))
    assert sent[0]["id"] == first["id"]
    await place.becomes(1)
    for file in sent:
        assert (await alice.get(f"/{file['id']}/content"))[1] == png()
    await gone(alice, place)


async def test_a_client_that_leaves_in_mid_upload_leaves_nothing(alice: Files, place: Place) -> None:
    came = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        for _ in range(7):
            yield b"a" * MIB
        came.set()
        await asyncio.Event().wait()

    sending = asyncio.create_task(alice.send(slow(), "text/plain"))
    await came.wait()
    sending.cancel()
    await asyncio.wait({sending})
    await place.becomes(0)
    assert (await alice.get())[1] == b'{"files":[],"next":null}'


async def test_a_refusal_in_mid_upload_leaves_nothing(alice: Files, place: Place) -> None:
    status, problem = await alice.send(b"a" * 12 * MIB + b"a", "text/plain")
    assert (status, problem["code"]) == (413, "message_too_large")
    status, problem = await alice.send(b"a" * 11 * MIB + b"\0", "text/plain")
    assert (status, problem["code"]) == (422, "invalid_file")
    await place.becomes(0)
    assert (await alice.get())[1] == b'{"files":[],"next":null}'


async def test_what_a_crash_left_is_removed_at_the_next_start(
    upstream: Upstream, place: Place, settings: dict[str, Any]
) -> None:
    async with serving(upstream, **settings) as address, files_of(address) as client:
        kept = await client.upload(PDF, "application/pdf", "a.pdf")
        await client.upload(png(), "image/png", "b.png")
        await place.becomes(2)
    database = Database(settings["database_url"])
    here = (await asyncio.to_thread(Holder)).name.partition("/")[0]
    async with database.writing() as transaction:  # as if its process had died before it was kept
        holder = f"{here}/{2**22 + 1}/0"
        arriving = text("UPDATE files SET state = 'arriving', holder = :holder WHERE name = 'b.png'")
        await transaction.execute(arriving, {"holder": holder})
    await database.close()
    async with serving(upstream, **settings) as address, files_of(address) as client:
        await place.becomes(1)
        assert (await client.get(f"/{kept['id']}/content"))[1] == PDF
        assert await client.delete(kept["id"]) == 204
        await place.becomes(0)


@pytest.mark.parametrize("is_stored_already", [False, True])
async def test_an_upload_that_another_process_gave_up_is_no_file(
    alice: Files, place: Place, settings: dict[str, Any], *, is_stored_already: bool
) -> None:
    content = b"first, second"
    if is_stored_already:
        await alice.upload(content, "text/plain")
        await asyncio.to_thread(place.lose)
    given_up = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield content[:7]
        await given_up.wait()
        yield content[7:]

    sending = asyncio.create_task(alice.send(slow(), "text/plain"))
    database = Database(settings["database_url"])
    async with asyncio.timeout(20):
        removed = 0
        while removed == 0:
            async with database.writing() as transaction:  # as the sweep of a process elsewhere does
                deleted = await transaction.execute(text("DELETE FROM files WHERE state = 'arriving'"))
                removed = deleted.rowcount
    await database.close()
    given_up.set()
    status, problem = await sending
    assert (status, problem["code"], problem["retryable"]) == (503, "store_unavailable", True)
    await place.becomes(0)
    assert (await alice.upload(content, "text/plain"))["size"] == len(content)
    await gone(alice, place)


async def test_a_file_that_nobody_used_for_its_lifetime_is_swept(
    upstream: Upstream, place: Place, settings: dict[str, Any]
) -> None:
    async with serving(upstream, **settings, file_lifetime=0.001) as address, files_of(address) as client:
        file = await client.upload(PDF, "application/pdf")
    async with serving(upstream, **settings, file_lifetime=0.001) as address, files_of(address) as client:
        await place.becomes(0)
        assert (await client.get(f"/{file['id']}"))[0] == 404
