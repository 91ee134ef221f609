"""Files as the stand-in is given them: inline, or through the part of Google's Files API that this server uses."""

import base64
import secrets
import time
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from aiohttp import web

_LIFETIME_SECONDS: Final = 48 * 3_600.0
_HEAD_BYTES: Final = 2**12
_WORDS: Final = 12
_MAX_FILES: Final = 1_000


class StandInFile(msgspec.Struct, frozen=True):
    """A file that the stand-in has: its type, size in bytes, first bytes, and expiry in seconds since 1970."""

    type: str
    size: int
    head: bytes
    expires: float = 0.0

    def described(self) -> str:
        """Return the file in words, and the words that a text begins with."""
        if not self.type.startswith("text/"):
            return f"{self.type} of {self.size:,} bytes"
        words = self.head.decode(errors="replace").split()[:_WORDS]
        return f"{self.type} of {self.size:,} bytes, which begins “{' '.join(words)}”"


class SentFiles:
    """The files that were sent to the stand-in. It keeps what it says of them, not their bytes."""

    def __init__(self) -> None:
        """Start without files."""
        self._types: dict[str, str] = {}
        self._files: dict[str, StandInFile] = {}

    def add_routes(self, app: web.Application) -> None:
        """Serve the Files API."""
        app.router.add_post("/upload/{version}/files", self._begin)
        app.router.add_post("/upload/{version}/files/{name}", self._take)
        app.router.add_get("/{version}/files/{name}", self._read_file)
        app.router.add_delete("/{version}/files/{name}", self._delete)

    def file_of(self, part: dict[str, Any]) -> StandInFile | None:
        """Return the file of a part; None for another part. A file that is gone is forbidden, as at Google's."""
        if inline := part.get("inlineData"):
            data: str = inline["data"]
            size = len(data) // 4 * 3 - data[-2:].count("=")
            return StandInFile(inline["mimeType"], size, base64.b64decode(data[: _HEAD_BYTES // 3 * 4]))
        if remote := part.get("fileData"):
            found = self._files.get(remote["fileUri"].rpartition("/")[2])
            if found is None or found.expires < time.time():
                raise web.HTTPForbidden
            return found
        return None

    async def _begin(self, request: web.Request) -> web.Response:
        while len(self._types) >= _MAX_FILES:
            oldest = next(iter(self._types))
            del self._types[oldest]
            self._files.pop(oldest, None)
        name = secrets.token_hex(8)
        self._types[name] = request.headers.get("X-Goog-Upload-Header-Content-Type", "application/octet-stream")
        return web.json_response({}, headers={"X-Goog-Upload-URL": f"{request.url}/{name}"})

    async def _take(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._types:
            raise web.HTTPNotFound
        size, head = 0, b""
        async for piece in request.content.iter_any():
            size += len(piece)
            head = (head + piece)[:_HEAD_BYTES] if len(head) < _HEAD_BYTES else head
        self._files[name] = StandInFile(self._types[name], size, head, time.time() + _LIFETIME_SECONDS)
        return web.json_response({"file": self._as_json(request, name)})

    async def _read_file(self, request: web.Request) -> web.Response:
        return web.json_response(self._as_json(request, request.match_info["name"]))

    async def _delete(self, request: web.Request) -> web.Response:
        self._files.pop(request.match_info["name"], None)
        return web.json_response({})

    def _as_json(self, request: web.Request, name: str) -> dict[str, str]:
        if name not in self._files:
            raise web.HTTPForbidden
        expiry = datetime.fromtimestamp(self._files[name].expires, UTC).isoformat()
        uri = f"{request.url.origin()}/v1beta/files/{name}"
        return {"name": f"files/{name}", "uri": uri, "state": "ACTIVE", "expirationTime": expiry}
