"""The memory of a server that takes large files and asks with them: bytes pass through it, and are not held."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.client import connected
from support.files import files_of
from support.google_files import GoogleFiles
from support.object_store import s3_bucket
from support.process import ServerProcess, running

MIB = 2**20
PIECE = b"All work and no play. " * 2979  # a little less than 64 KiB


async def text(number: int, size: int) -> AsyncIterator[bytes]:
    """A text of this size that no other number has."""
    begin = b"%d\n" % number
    yield begin
    left = size - len(begin)
    while left:
        yield PIECE[:left]
        left -= len(PIECE[:left])


def most_kib(server: ServerProcess) -> int:
    """The most memory that it held since it began."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    own = {"DELTAWIRE_DATA_DIR": str(tmp_path)}
    if request.param == "folder":
        yield own
        return
    with s3_bucket() as bucket:
        names = ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        yield {
            **own,
            "DELTAWIRE_FILES_URL": bucket.url,
            "AWS_ENDPOINT_URL": bucket.server,
            **dict(zip(names, ("us-east-1", "tests", "tests"), strict=True)),
        }


@pytest.mark.nightly
async def test_50_uploads_of_20_mb_at_once_leave_no_memory_behind(place: dict[str, str]) -> None:
    async with running(GEMINI_API_KEY="none", **place) as server:
        await server.ready()
        async with files_of(server.address) as client:
            await client.upload(text(0, MIB), "text/plain")
            before = server.resident_kib()
            await asyncio.gather(*(client.upload(text(number, 20 * 10**6), "text/plain") for number in range(1, 51)))
        assert most_kib(server) - before < 64 * 1024
        assert server.resident_kib() - before < 64 * 1024


@pytest.mark.nightly
@pytest.mark.parametrize("way, size", [("inline", 14 * 10**6), ("files-api", 20 * 10**6)])
async def test_a_turn_with_100_mb_of_files_takes_a_fraction_of_that(way: str, size: int, tmp_path: Path) -> None:
    async with GoogleFiles() as google:
        upstream = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": google.url}
        if way == "inline":  # Vertex takes 100 MB in one request, in base64
            upstream = {
                "GOOGLE_API_KEY": "none",
                "GOOGLE_GENAI_USE_VERTEXAI": "1",
                "GOOGLE_VERTEX_BASE_URL": google.url,
            }
        async with running(sys.executable, "-m", "deltawire", **upstream, DELTAWIRE_DATA_DIR=str(tmp_path)) as server:
            await server.ready()
            async with files_of(server.address) as client, connected(server.address) as socket:
                files = [(await client.upload(text(n, size), "text/plain"))["id"] for n in range(5)]
                await socket.ask("hi", files=files[:1])
                before = server.resident_kib()
                end = (await socket.ask("What are these?", files=files))[-1]
                assert most_kib(server) - before < 64 * 1024
        assert end["type"] == "usage"
        assert len(google.parts()[-1]) == 5
