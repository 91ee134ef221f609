"""A store of objects on loopback that is slow, full or away, in the words of S3, Google Cloud Storage and Azure.

Google's XML API is S3's in what is used here. It keeps what is sent, so what a client reads is what it wrote.
"""

import asyncio
import json
import re
from urllib.parse import unquote

import pytest
from aiohttp import web

from support.web_app import WebApp

_DATE = "Sat, 28 Nov 2026 00:00:00 GMT"
_FULL = "<Error><Code>{}</Code><Message>Storage backend has reached its minimum free drive threshold.</Message></Error>"


class BlobStore(WebApp):
    """The objects by their paths, with the bucket."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[str, bytes]] = {}
        self.pause = 0.0
        """Seconds that each answer takes."""
        self.refusal: tuple[int, str] | None = None
        """The status and the word with which every write is refused."""
        self.requests = 0
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/{path:.*}", self._answer)
        super().__init__(app)

    def is_named_to(self, environment: pytest.MonkeyPatch) -> None:
        """Let the variables of each provider lead here."""
        account = {"gcs_base_url": self.url, "disable_oauth": True, "client_email": "", "private_key": ""}
        for name, value in {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "tests",
            "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps({**account, "private_key_id": ""}),
            "AZURE_STORAGE_USE_EMULATOR": "true",
            "AZURITE_BLOB_STORAGE_URL": self.url,
        }.items():
            environment.setenv(name, value)

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests += 1
        body = await request.read()
        await asyncio.sleep(self.pause)
        key, query = unquote(request.path).removeprefix("/devstoreaccount1").lstrip("/"), request.query
        if request.method in ("PUT", "POST") and self.refusal is not None and "delete" not in query:
            status, word = self.refusal
            headers = {"x-ms-error-code": word}
            return web.Response(status=status, text=_FULL.format(word), content_type="application/xml", headers=headers)
        if request.method == "DELETE":
            self.parts.pop(key, None)
            return web.Response(status=202 if self.objects.pop(key, None) is not None else 404)
        if request.method == "GET":
            return self._read(key, request.headers.get("Range") or request.headers.get("x-ms-range") or "")
        return self._write(key, dict(query), body)

    def _write(self, key: str, query: dict[str, str], body: bytes) -> web.Response:
        if "delete" in query or query.get("comp") == "batch":
            return self._delete_several(key, body.decode())
        parts = self.parts.setdefault(key, {})
        if "uploads" in query:
            return _xml("<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>")
        if (part := query.get("partNumber") or query.get("blockid")) is not None:
            parts[part] = body
            return _written()
        if "uploadId" in query or query.get("comp") == "blocklist":
            order = re.findall(r"<(?:PartNumber|Uncommitted|Latest)>(.+?)</", body.decode())
            self.objects[key] = b"".join(parts[name] for name in order)
            del self.parts[key]
            done = "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"
            return _xml(done) if "uploadId" in query else _written()
        self.objects[key] = body
        return _written()

    def _delete_several(self, bucket: str, body: str) -> web.Response:
        keys = [f"{bucket}/{key}" for key in re.findall(r"<Key>(.+?)</Key>", body)]
        if keys:
            deleted = "".join(f"<Deleted><Key>{key.partition('/')[2]}</Key></Deleted>" for key in keys)
            answer = _xml(f"<DeleteResult>{deleted}</DeleteResult>")
        else:
            keys = re.findall(r"DELETE /devstoreaccount1/(\S+) HTTP", unquote(body))
            part = "--b\r\nContent-Type: application/http\r\nContent-ID: {}\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n\r\n"
            parts = "".join(map(part.format, range(len(keys))))
            answer = web.Response(status=202, body=f"{parts}--b--\r\n".encode())
            answer.headers["Content-Type"] = "multipart/mixed; boundary=b"
        for key in keys:
            self.objects.pop(key, None)
        return answer

    def _read(self, key: str, wanted: str) -> web.Response:
        data = self.objects.get(key)
        if data is None:
            return web.Response(status=404)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, end = int(first or 0), min(int(last or len(data)) + 1, len(data))
        headers = {"ETag": '"e"', "Last-Modified": _DATE, "Content-Range": f"bytes {start}-{end - 1}/{len(data)}"}
        return web.Response(status=206, body=data[start:end], headers=headers)


def _written() -> web.Response:
    return web.Response(status=201, headers={"ETag": '"e"', "Last-Modified": _DATE, "x-ms-request-id": "1"})


def _xml(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/xml", headers={"ETag": '"e"'})
