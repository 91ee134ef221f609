"""One byte over each bound of files is refused by name, before the upstream is asked; one less is taken."""

from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import Any

import pytest
from support.client import connected
from support.conversations import conversations_of
from support.files import Files, files_of
from support.google_files import GoogleFiles
from support.serving import serving

FILE, CALLER, HISTORY = 1_000, 5_000, 1_500
BOUNDS = {
    "max_file_bytes": FILE,
    "max_files_bytes_per_caller": CALLER,
    "max_history_files_bytes": HISTORY,
}


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[GoogleFiles, str]]:
    async with (
        GoogleFiles() as google,
        serving(google, data_dir=tmp_path_factory.mktemp("data"), **BOUNDS) as address,  # type: ignore[arg-type]
    ):
        yield google, address


@pytest.fixture
async def client(server: tuple[GoogleFiles, str]) -> AsyncIterator[Files]:
    """A caller without files; at the end none are left."""
    google, address = server
    google.requests.clear()
    async with files_of(address) as client:
        yield client
        await client.delete_all()


def letters(number: int, size: int) -> bytes:
    return b"%d" % number + b"a" * (size - len(str(number)))


async def in_pieces(data: bytes) -> AsyncIterator[bytes]:
    """Bytes whose number is not announced."""
    yield data[:1]
    yield data[1:]


@pytest.mark.parametrize("sent", [bytes, in_pieces], ids=["announced", "in pieces"])
async def test_a_file_of_one_byte_too_many_is_refused(client: Files, sent: Callable[[bytes], Any]) -> None:
    within, over = letters(1, FILE), letters(1, FILE + 1)
    await client.upload(sent(within), "text/plain")
    status, problem = await client.send(sent(over), "text/plain")
    assert (status, problem["code"], problem["field"]) == (413, "message_too_large", "body")
    assert "MAX_FILE_BYTES" in problem["message"]
    assert f"{FILE:,}" in problem["message"]


@pytest.mark.parametrize("sent", [bytes, in_pieces], ids=["announced", "in pieces"])
async def test_a_file_that_is_one_byte_over_the_callers_bytes_is_refused(
    client: Files, sent: Callable[[bytes], Any]
) -> None:
    for number in range(4):
        await client.upload(letters(number, FILE))
    await client.upload(letters(4, FILE - 10))
    within, over = letters(5, 10), letters(5, 11)
    status, problem = await client.send(sent(over), "text/plain")
    assert (status, problem["code"], problem["field"]) == (429, "budget_exhausted", "body")
    assert "MAX_FILES_BYTES_PER_CALLER" in problem["message"]
    await client.upload(sent(within), "text/plain")


async def test_one_file_more_than_a_caller_may_keep_is_refused(client: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deltawire.conversations.files.uploads._MAX_FILES", 2)
    for number in range(2):
        await client.upload(letters(number, 10))
    status, problem = await client.send(letters(2, 10))
    assert (status, problem["code"], problem["retryable"]) == (429, "budget_exhausted", False)
    assert "2 files" in problem["message"]


async def test_one_file_more_than_a_turn_may_have_is_refused(server: tuple[GoogleFiles, str], client: Files) -> None:
    google, address = server
    files = [(await client.upload(letters(number, 10)))["id"] for number in range(17)]
    async with connected(address) as socket:
        [error] = await socket.ask("hi", files=files)
        assert (error["code"], error["field"], google.requests) == ("invalid_frame", "files", [])
        assert (await socket.ask("hi", files=files[:16]))[-1]["type"] == "usage"
    assert len(google.parts()[-1]) == 16


async def asked_before(google: GoogleFiles, client: Files, ask: Any, last: int) -> list[int]:
    """Ask three times with a file, of which the last has this size; return the sizes that a fourth question brings."""
    data = [letters(1, 400), letters(2, 700), letters(3, last)]
    for each in data:
        await ask("hi", files=[(await client.upload(each))["id"]])
    await ask("And now?")
    sizes = {sha256(each).hexdigest(): len(each) for each in data}
    return [sizes[digest] for message in google.parts() for _, digest in message]


@pytest.mark.parametrize("last, sizes", [(400, [400, 700, 400]), (401, [700, 401])])
@pytest.mark.parametrize("where", ["socket", "conversation"])
async def test_one_byte_too_many_in_the_history_leaves_its_oldest_file_out(
    server: tuple[GoogleFiles, str], client: Files, last: int, sizes: list[int], where: str
) -> None:
    google, address = server
    async with connected(address) as socket, conversations_of(address) as store:
        kept = {"conversation": await store.create()} if where == "conversation" else {}

        async def ask(message: str, **fields: Any) -> None:
            assert (await socket.ask(message, **fields, **kept))[-1]["type"] == "usage"

        assert await asked_before(google, client, ask, last) == sizes
