"""A Gemini on loopback with its Files API: it keeps what it was sent, and says what it was asked with."""

import asyncio
import base64
import json
import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from aiohttp import web

from support.lru_cache import LruCache
from support.web_app import WebApp

LIFETIME = 48 * 3_600


class GoogleFiles(WebApp):
    """Answers `Hello world` to every question; `requests` has the contents of each."""

    def __init__(self) -> None:
        self.shared_servers: LruCache[Any] = LruCache()
        self.requests: list[list[Any]] = []
        self.uploaded: dict[str, bytes] = {}
        """The files that were sent to the Files API, by their names."""
        self.types: dict[str, str] = {}
        self.expires: dict[str, float] = {}
        self.uploads = 0
        self.polls_until_active = 1
        self.becomes = "ACTIVE"
        """The state of a file after PROCESSING."""
        self.polled = asyncio.Event()
        self.hung_up = 0
        self.hangs_up_on = ""
        """The part of an address whose requests get no answer: their connection is reset."""
        self.refusals: list[tuple[int, str]] = []
        """Statuses and messages with which the next questions are refused."""
        self.gone: tuple[int, str] = (403, "You do not have permission to access the File {} or it may not exist.")
        """The refusal of a file that has expired; `{}` is its name."""
        self.now = time.time
        app = web.Application(client_max_size=2**30)
        app.router.add_post("/upload/{version}/files", self._begin)
        app.router.add_post("/put/{name}", self._put)
        app.router.add_get("/{version}/files/{name}", self._get)
        app.router.add_delete("/{version}/files/{name}", self._delete)
        app.router.add_post("/{path:.*}:streamGenerateContent", self._answer)
        super().__init__(app)

    def parts(self, question: int = -1) -> list[list[tuple[str, str]]]:
        """The files of each message of a request: their types and digests, wherever the bytes are."""
        return [
            [self._type_and_digest(part) for part in content["parts"] if "inlineData" in part or "fileData" in part]
            for content in self.requests[question]
        ]

    def _type_and_digest(self, part: dict[str, Any]) -> tuple[str, str]:
        if inline := part.get("inlineData"):
            return inline["mimeType"], sha256(base64.b64decode(inline["data"])).hexdigest()
        data = part["fileData"]
        name = data["fileUri"].rpartition("/")[2]
        return data["mimeType"], sha256(self.uploaded[name]).hexdigest() if name in self.uploaded else data["fileUri"]

    async def _begin(self, request: web.Request) -> web.Response:
        self._may_hang_up(request)
        assert request.headers["X-Goog-Upload-Protocol"] == "resumable"
        self.uploads += 1
        name = f"f{self.uploads}"
        self.types[name] = request.headers["X-Goog-Upload-Header-Content-Type"]
        return web.json_response({}, headers={"X-Goog-Upload-URL": f"{self.url}/put/{name}"})

    async def _put(self, request: web.Request) -> web.Response:
        assert request.headers["X-Goog-Upload-Command"] == "upload, finalize"
        name = request.match_info["name"]
        self.uploaded[name] = await request.read()
        self.expires[name] = self.now() + LIFETIME
        file = self._file_info(name, "PROCESSING" if self.polls_until_active else self.becomes)
        return web.json_response({"file": file}, headers={"X-Goog-Upload-Status": "final"})

    async def _get(self, request: web.Request) -> web.Response:
        self.polls_until_active = max(0, self.polls_until_active - 1)
        self.polled.set()
        name = request.match_info["name"]
        if self.expires.get(name, 0) <= self.now():
            return _refusal(403, "You do not have permission to access the File.")
        state = "PROCESSING" if self.polls_until_active else self.becomes
        return web.json_response(self._file_info(name, state))

    async def _delete(self, request: web.Request) -> web.Response:
        self._may_hang_up(request)
        del self.uploaded[request.match_info["name"]]
        return web.json_response({})

    def _may_hang_up(self, request: web.Request) -> None:
        if self.hangs_up_on and self.hangs_up_on in request.path and request.transport is not None:
            self.hung_up += 1
            request.transport.abort()
            raise web.HTTPGone

    def _file_info(self, name: str, state: str) -> dict[str, str]:
        expiry = datetime.fromtimestamp(self.expires[name], UTC).isoformat().replace("+00:00", "Z")
        uri = f"{self.url}/v1beta/files/{name}"
        return {"name": f"files/{name}", "uri": uri, "state": state, "expirationTime": expiry}

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        assert request.content_length is not None
        contents = json.loads(await request.read())["contents"]
        self.requests.append(contents)
        if self.refusals:
            return _refusal(*self.refusals.pop(0))
        for content in contents:
            for part in content["parts"]:
                uri = part.get("fileData", {}).get("fileUri", "")
                name = uri.rpartition("/")[2]
                if uri.startswith("http") and self.expires.get(name, 0) <= self.now():
                    return _refusal(self.gone[0], self.gone[1].format(name))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        usage = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
        parts = [{"text": "Hello world"}]
        event = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}], "usageMetadata": usage}
        await response.write(b"data: " + json.dumps(event).encode() + b"\r\n\r\n")
        await response.write_eof()
        return response


def _refusal(code: int, message: str) -> web.Response:
    status = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}[code]
    return web.json_response({"error": {"code": code, "message": message, "status": status}}, status=code)
