"""Attacks by files and by their names; docs/guide/secure.md lists them."""

import asyncio
import gzip
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.client import connected
from support.files import FLAC, GIF, HEIC, JPEG, M4A, MP3, OGG, PDF, WAV, WEBP, Files, files_of, png
from support.identity import API_KEYS, KEYS, bearer
from support.log import Log
from support.object_store import s3_bucket
from support.serving import serving
from support.upstream import Upstream

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
ZIP_END = b"PK\x05\x06" + bytes(18)
KINDS = {
    "image/png": png(),
    "image/jpeg": JPEG,
    "image/webp": WEBP,
    "image/heic": HEIC,
    "image/gif": GIF,
    "application/pdf": PDF,
    "audio/wav": WAV,
    "audio/mpeg": MP3,
    "audio/ogg": OGG,
    "audio/flac": FLAC,
    "audio/mp4": M4A,
    "text/plain": b"words",
    "text/markdown": b"# Words",
    "text/csv": b"a,b\n1,2\n",
    "application/json": b'{"a": 1}',
    "text/x-python": b"print(1)\n",
}


@pytest.fixture(scope="module")
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as server:
        yield server


@pytest.fixture(scope="module")
async def address(upstream: Upstream) -> AsyncIterator[str]:
    async with serving(upstream, api_keys=API_KEYS) as address:
        yield address


@pytest.fixture
async def alice(address: str) -> AsyncIterator[Files]:
    async with files_of(address, **bearer(KEYS["alice"])) as client:
        yield client


def is_text(media_type: str) -> bool:
    return not media_type.startswith(("image/", "audio/", "application/pdf"))


async def refused(client: Files, data: bytes, claimed: str | None = None, name: str = "", **headers: str) -> str:
    """The code with which a file is refused, and nothing is kept."""
    status, problem = await client.send(data, claimed, name, **headers)
    assert problem["status"] == status >= 400
    return str(problem["code"])


async def test_html_and_svg_as_pictures(alice: Files) -> None:
    for page in (SVG, HTML):
        for claimed in ("image/png", "image/jpeg", "image/gif", "image/webp"):
            assert await refused(alice, page, claimed) == "invalid_file"
    assert await refused(alice, SVG, "image/svg+xml") == "unsupported"
    assert await refused(alice, HTML, "text/html") == "unsupported"
    assert await refused(alice, SVG, None, "a.svg") == "unsupported"


async def test_a_type_that_lies(alice: Files) -> None:
    for claimed, data in KINDS.items():
        file = await alice.upload(data, claimed)
        assert file["type"] == claimed
        for other in KINDS:
            if other != claimed and not (is_text(claimed) and is_text(other)):
                assert await refused(alice, data, other) == "invalid_file", (claimed, other)
    for claimed in ('text/x-"q', "text/x-é", "text/x-" + "a" * 1_000):
        assert await refused(alice, b"words", claimed) == "unsupported"
    for program in (b"MZ\x90\0" + bytes(100), b"\x7fELF\2\1\1" + bytes(9), b"PK\3\4" + bytes(30), b"\0" * 10):
        assert await refused(alice, program) == "unsupported"
        assert await refused(alice, program, "application/x-executable") == "unsupported"
        assert await refused(alice, program, "text/plain") == "invalid_file"


async def test_a_file_that_is_two_things_at_once(alice: Files) -> None:
    for picture, claimed in ((GIF, "image/gif"), (png(), "image/png"), (JPEG, "image/jpeg"), (PDF, "application/pdf")):
        assert await refused(alice, picture + b"PK\3\4" + bytes(26) + ZIP_END, claimed) == "invalid_file"
    assert await refused(alice, png(more=b"<script>alert(1)</script>"), "image/png") == "invalid_file"
    assert await refused(alice, GIF[:-1] + b"/*<html><body onload=alert(1)>*/;", "image/gif") == "invalid_file"
    assert await refused(alice, b"GIF89a" + PDF, "application/pdf") == "invalid_file"


async def test_a_text_of_empty_comments(alice: Files) -> None:
    assert (await alice.upload(b"<!---->" * 500 + b"words", None, "a.svg"))["type"] == "text/plain"


async def test_a_picture_of_65000_by_65000(alice: Files) -> None:
    huge = struct.pack(">HH", 65_000, 65_000)
    assert await refused(alice, png(65_000, 65_000), "image/png") == "invalid_file"
    assert await refused(alice, png(30_000, 30_000), "image/png") == "invalid_file"
    assert await refused(alice, JPEG.replace(b"\x08\0\2\0\3", b"\x08" + huge), "image/jpeg") == "invalid_file"
    assert await refused(alice, GIF.replace(b"89a\2\0\2\0", b"89a\xe8\xfd\xe8\xfd"), "image/gif") == "invalid_file"
    ispe = struct.pack(">II", 65_000, 65_000)
    assert await refused(alice, HEIC.replace(b"\0\0\0\x40" * 2, ispe), "image/heic") == "invalid_file"
    assert await refused(alice, png(0, 0), "image/png") == "invalid_file"


async def test_a_decompression_bomb(alice: Files) -> None:
    bomb = gzip.compress(bytes(10**7))
    assert await refused(alice, bomb, "text/plain", **{"Content-Encoding": "gzip"}) == "unsupported"
    assert await refused(alice, bomb, "application/gzip") == "unsupported"
    assert await refused(alice, bomb) == "unsupported"


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..\\..\\windows\\system.ini",
        "/etc/passwd",
        'a"; filename="b.exe',
        "a\r\nSet-Cookie: x=1.png",
        "cod\u202egnp.exe",
        "a\u0000b\u0007.png",
        "CON",
        "..",
        " ",
        "é" * 500 + ".png",
        "<script>alert(1)</script>.png",
    ],
)
async def test_a_name_that_is_a_path_or_forges_a_header(alice: Files, name: str) -> None:
    file = await alice.upload(png(), "image/png", name)
    shown = file["name"]
    assert len(shown) <= 120
    assert shown.isprintable()
    assert not set(shown) & set('/\\"<>\u202e')
    assert shown not in ("", ".", "..")
    status, body, headers = await alice.get(f"/{file['id']}/content")
    assert (status, body) == (200, png())
    assert headers["Content-Disposition"].startswith("attachment; filename=")
    assert "Set-Cookie" not in headers


async def test_a_file_that_is_opened_in_a_browser(alice: Files) -> None:
    page = await alice.upload(HTML, "text/plain", "page.html")
    assert page["type"] == "text/plain"
    _, _, headers = await alice.get(f"/{page['id']}/content")
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_another_owners_file(alice: Files, address: str) -> None:
    file = (await alice.upload(png(), "image/png", "mine.png"))["id"]
    async with files_of(address, **bearer(KEYS["bob"])) as bob:
        assert (await bob.get(f"/{file}"))[0] == 404
        assert (await bob.get(f"/{file}/content"))[0] == 404
        assert await bob.delete(file) == 404
        assert file not in (await bob.get())[1].decode()
        assert (await bob.upload(png(), "image/png", "mine.png"))["id"] != file
    async with connected(address, additional_headers=bearer(KEYS["bob"])) as client:
        [error] = await client.ask("hi", files=[file])
        assert (error["code"], error["field"]) == ("not_found", "files[0]")
    assert (await alice.get(f"/{file}"))[0] == 200


async def test_an_upload_by_a_form_of_another_page(upstream: Upstream) -> None:
    async with serving(upstream) as address, files_of(address) as client:
        for origin in ("https://evil.example", "null"):
            for form in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
                assert await refused(client, b"a=b", form, Origin=origin) == "forbidden"
        for form in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
            assert await refused(client, b"a=b", form) == "unsupported"


async def test_a_file_in_a_log(address: str, alice: Files, log: Log) -> None:
    planted = "planted-words-77aa"
    await alice.upload(f"{planted} in a text".encode(), "text/plain", f"{planted}.txt")
    await refused(alice, planted.encode(), "image/png", f"{planted}.png")
    assert planted not in json.dumps(log.lines, default=str)


async def test_more_files_than_a_caller_may_keep_sent_at_once(upstream: Upstream, tmp_path: Path) -> None:
    settings = {"data_dir": tmp_path, "max_files_bytes_per_caller": 10_000, "max_file_bytes": 1_000}
    async with serving(upstream, **settings) as address, files_of(address) as client:
        answers = await asyncio.gather(*(client.send(bytes([97 + i % 26]) * (990 + i)) for i in range(50)))
        kept = [status for status, _ in answers if status == 201]
        assert {answer["code"] for status, answer in answers if status != 201} <= {
            "budget_exhausted",
            "message_too_large",
        }
        assert 9 <= len(kept) <= 10
        listed = json.loads((await client.get())[1])["files"]
        assert sum(file["size"] for file in listed) <= 10_000


async def test_a_store_that_is_away(upstream: Upstream, tmp_path: Path) -> None:
    with s3_bucket() as bucket:
        async with serving(upstream, data_dir=tmp_path, files_url=bucket.url) as address, files_of(address) as client:
            file = await client.upload(PDF, "application/pdf")
            lost = bucket.url.replace(bucket.name, "another")
        async with serving(upstream, data_dir=tmp_path, files_url=lost) as address, files_of(address) as client:
            assert await refused(client, png(), "image/png") == "store_unavailable"
            assert (await client.get(f"/{file['id']}/content"))[0] == 503
            assert len(json.loads((await client.get())[1])["files"]) == 1
            async with connected(address) as socket:
                assert (await socket.ask("hi", files=[file["id"]]))[-1]["code"] == "store_unavailable"
        assert len(bucket.keys()) == 1
