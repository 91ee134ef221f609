"""Files as clients send them: small ones of each kind, and a client of `/files`."""

import io
import json
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
JPEG = (
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc0\0\x11\x08\0\2\0\3\3\1\x22\0\2\x11\1\3\x11\1"
    b"\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0\xff\xd9"
)
GIF = b"GIF89a\2\0\2\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\2\0\2\0\0\2\2\x84Q\0;"
WEBP = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\x01\x40\0\0\0\0\0\0\0\0\0\0"
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x28meta\0\0\0\0\0\0\0\x14ispe\0\0\0\0\0\0\0\x40\0\0\0\x40"
WAV = b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\4\0\0\0\0\0\0\0"
MP3 = b"\xff\xfb\x90\x64" + bytes(413)
OGG = b"OggS\0\2" + bytes(20) + b"\1\x1e\1vorbis" + bytes(23)
FLAC = b"fLaC\0\0\0\x22" + bytes(34)
M4A = b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom\0\0\0\0\0\0\0\x08mdat"


def png(width: int = 2, height: int = 2, more: bytes = b"", row: bytes | None = None) -> bytes:
    """A PNG whose header names this size; its pixels are those of a small one, or all its rows are this one."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0\x10\x20\x30\x40\x50\x60" * 2 if row is None else row * height)
    text = chunk(b"tEXt", b"Comment\0" + more) if more else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + text + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


class Files:
    """A client of `/files`."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self.session = session
        self.url = f"http://{address}/files"

    async def send(self, data: Any, media_type: str | None = None, name: str = "", **headers: str) -> tuple[int, Any]:
        """Send a file; return the status and the JSON of the answer."""
        fields = {"Content-Type": media_type or "application/octet-stream", **headers}
        if isinstance(data, bytes) and len(data) > 2**19:  # aiohttp warns of longer ones
            data = io.BytesIO(data)
        async with self.session.post(self.url, data=data, params={"name": name} if name else {}, headers=fields) as got:
            return got.status, await got.json(content_type=None)

    async def upload(self, data: Any, media_type: str | None = None, name: str = "", **headers: str) -> dict[str, Any]:
        """Send a file that is accepted; return its JSON."""
        status, info = await self.send(data, media_type, name, **headers)
        assert status == 201, info
        file: dict[str, Any] = info
        return file

    async def get(self, path: str = "", **headers: str) -> tuple[int, bytes, Any]:
        async with self.session.get(self.url + path, headers=headers) as got:
            return got.status, await got.read(), got.headers

    async def delete(self, file: str, **headers: str) -> int:
        async with self.session.delete(f"{self.url}/{file}", headers=headers) as got:
            return got.status

    async def delete_all(self) -> None:
        for file in json.loads((await self.get("?limit=100"))[1])["files"]:
            assert await self.delete(file["id"]) == 204


@asynccontextmanager
async def files_of(address: str, **headers: str) -> AsyncIterator[Files]:
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout()) as session:
        yield Files(session, address)
