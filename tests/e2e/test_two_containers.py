"""Two containers with one host name, over one database and one folder of files: each is process 1 of its own."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from support.files import files_of, png
from support.namespaces import as_process_1, may_be_process_1
from support.process import ServerProcess, running

pytestmark = may_be_process_1


def states(folder: Path) -> list[str]:
    """The states of the files in the database."""
    with sqlite3.connect(folder / "conversations.db") as database:
        return [state for (state,) in database.execute("SELECT state FROM files ORDER BY created")]


def delete_in_the_database(folder: Path) -> None:
    """Mark the files as gone; the next sweep removes them."""
    with sqlite3.connect(folder / "conversations.db") as database:
        database.execute("UPDATE files SET state = 'gone' WHERE state = 'kept'")


async def become(folder: Path, expected: list[str]) -> None:
    async with asyncio.timeout(60):
        while await asyncio.to_thread(states, folder) != expected:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)


async def test_a_container_leaves_the_uploads_of_another_alone(tmp_path: Path) -> None:
    swept = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"first, "
        await swept.wait()
        yield b"second"

    command = [*as_process_1, sys.executable, "-m", "deltawire"]
    async with running(*command, DELTAWIRE_DATA_DIR=str(tmp_path)) as one:
        await one.ready()
        async with files_of(one.address) as client:
            await client.upload(png(), "image/png")
            sending = asyncio.create_task(client.send(slow(), "text/plain"))
            await become(tmp_path, ["kept", "arriving"])
            await asyncio.to_thread(delete_in_the_database, tmp_path)
            async with running(*command, DELTAWIRE_DATA_DIR=str(tmp_path)) as two:
                await two.ready()
                await become(tmp_path, ["arriving"])
                swept.set()
                status, file = await sending
                assert status == 201
                await reads(two, file["id"], b"first, second")


async def reads(server: ServerProcess, file: str, content: bytes) -> None:
    async with files_of(server.address) as client:
        assert (await client.get(f"/{file}/content"))[:2] == (200, content)
