"""Copies of files at the provider: waited for, made again when they are gone, and deleted when nobody needs them."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from support.client import connected
from support.files import Files, files_of
from support.google_files import GoogleFiles
from support.serving import serving

MIB = 2**20
NUMBERS = count()


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[GoogleFiles, str]]:
    folder: Path = tmp_path_factory.mktemp("data")
    async with GoogleFiles() as google, serving(google, data_dir=folder) as address:  # type: ignore[arg-type]
        yield google, address


@pytest.fixture
def google(server: tuple[GoogleFiles, str]) -> GoogleFiles:
    google, _ = server
    google.requests.clear()
    google.uploaded.clear()
    google.uploads, google.polls_until_active, google.becomes = 0, 1, "ACTIVE"
    google.polled.clear()
    google.hangs_up_on, google.hung_up = "", 0
    return google


@pytest.fixture
async def client(server: tuple[GoogleFiles, str]) -> AsyncIterator[Files]:
    async with files_of(server[1]) as client:
        yield client


@pytest.fixture
def address(server: tuple[GoogleFiles, str]) -> str:
    return server[1]


async def large(client: Files) -> str:
    """The id of a file that is too large to be inline, and that no other test has."""
    file = await client.upload(b"words %d " % next(NUMBERS) * 2 * MIB, "text/plain")
    name: str = file["id"]
    return name


async def no_copy_is_left(google: GoogleFiles) -> None:
    async with asyncio.timeout(60):
        while google.uploaded:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "gone",
    [
        (403, "You do not have permission to access the File {} or it may not exist."),
        (403, "Forbidden"),
        (404, "File {} not found."),
        (400, "The File {} is not in an ACTIVE state and usage is not allowed."),
        (400, "Request contains an invalid argument."),
    ],
)
async def test_a_copy_that_has_expired_is_made_again_before_any_delta(
    address: str, google: GoogleFiles, client: Files, gone: tuple[int, str]
) -> None:
    google.gone = gone
    file = await large(client)
    async with connected(address) as socket:
        await socket.ask("One", files=[file])
        google.expires = dict.fromkeys(google.expires, 0.0)
        frames = await socket.ask("Two", files=[file])
    assert [frame["type"] for frame in frames] == ["delta", "usage"]
    assert (google.uploads, len(google.requests)) == (2, 3)


@pytest.mark.parametrize(
    "refusal", [(400, "Request contains an invalid argument."), (400, "The document has no pages.")]
)
async def test_a_refusal_for_another_reason_sends_no_file_again(
    address: str, google: GoogleFiles, client: Files, refusal: tuple[int, str]
) -> None:
    file = await large(client)
    async with connected(address) as socket:
        await socket.ask("One", files=[file])
        google.refusals.append(refusal)
        [error] = await socket.ask("Two", files=[file])
    assert error["code"] == "upstream_rejected"
    assert (google.uploads, len(google.requests)) == (1, 2)


async def test_a_new_copy_that_is_refused_is_not_sent_again(address: str, google: GoogleFiles, client: Files) -> None:
    google.refusals.append((403, "The caller does not have permission."))
    async with connected(address) as socket:
        [error] = await socket.ask("One", files=[await large(client)])
    assert (error["code"], google.uploads, len(google.requests)) == ("upstream_rejected", 1, 1)


async def test_a_file_that_the_provider_cannot_read_is_refused_by_name_and_leaves_no_copy(
    address: str, google: GoogleFiles, client: Files
) -> None:
    google.becomes = "FAILED"
    async with connected(address) as socket:
        [error] = await socket.ask("One", files=[await large(client)])
    assert (error["code"], error["field"], google.requests) == ("upstream_rejected", "files", [])
    await no_copy_is_left(google)


async def test_a_copy_that_comes_after_its_file_was_deleted_is_deleted(
    address: str, google: GoogleFiles, client: Files
) -> None:
    google.polls_until_active = 10**6
    file = await large(client)
    async with connected(address) as socket:
        await socket.chat(files=[file])
        await google.polled.wait()
        assert await client.delete(file) == 204
        google.polls_until_active = 0
        [error] = await socket.until_end()
    assert (error["code"], error["field"], google.requests) == ("not_found", "files", [])
    await no_copy_is_left(google)


async def test_a_copy_whose_turn_is_stopped_while_the_provider_reads_it_is_deleted(
    address: str, google: GoogleFiles, client: Files
) -> None:
    google.polls_until_active = 10**6
    async with connected(address) as socket:
        await socket.chat(id="t1", files=[await large(client)])
        await google.polled.wait()
        await socket.send(type="cancel", id="t1")
        [end] = await socket.until_end()
    assert end["finish_reason"] == "cancelled"
    await no_copy_is_left(google)


async def test_a_provider_that_hangs_up_on_a_file_is_asked_again_and_then_named(
    address: str, google: GoogleFiles, client: Files
) -> None:
    google.hangs_up_on = "/upload/"
    async with connected(address) as socket:
        [error] = await socket.ask("One", files=[await large(client)])
    assert (error["code"], google.hung_up > 1) == ("upstream_unavailable", True)


async def test_a_copy_that_the_provider_does_not_let_go_keeps_no_other_there(
    address: str, google: GoogleFiles, client: Files
) -> None:
    async with connected(address) as socket:
        files = [await large(client), await large(client)]
        for file in files:
            await socket.ask("One", files=[file])
    first, second = google.uploaded
    google.hangs_up_on = f"/{first}"
    for file in files:
        assert await client.delete(file) == 204
    async with asyncio.timeout(60):
        while second in google.uploaded:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert list(google.uploaded) == [first]
