"""Google's Files API, by hand over our own session: the SDK's upload would read the file on the event loop.

It is a cache of large files, each for 48 hours. When a copy has expired, the file is sent again from our own store.
"""

import asyncio
import time
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

import aiohttp
import msgspec

from deltawire.gemini.body import BodyReader, Response
from deltawire.gemini.messages import Attachment, RemoteCopy
from deltawire.gemini.streamed_body import StreamedBody
from deltawire.protocol.errors import Failure

_LIFETIME_SECONDS: Final = 47 * 3_600.0
"""The lifetime of a copy whose expiry is not told."""
_MARGIN_SECONDS: Final = 600.0
"""A copy that expires sooner is not asked with any more: a turn may take minutes."""
_FIRST_LOOK: Final = 0.2
_LONGEST_LOOK: Final = 2.0
_ANSWER_BYTES: Final = 2**16


class ApiAddress(NamedTuple):
    """The address of the API, and the headers of the account."""

    root: str
    version: str
    headers: dict[str, str]


class RemoteFiles:
    """The files of one account at the provider."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Use this session."""
        self._session = session

    async def copy_of(self, file: Attachment, at: ApiAddress) -> RemoteCopy:
        """Return a copy that lasts longer than a turn; send the file where there is none. Raise `Failure`."""
        copy = await file.source.copy()
        if copy is None or copy.expires < time.time() + _MARGIN_SECONDS:
            copy = await self._send(file, at)
            await file.source.keep_copy(copy)
        return copy

    async def delete(self, name: str, at: ApiAddress) -> None:
        """Delete a copy; raise `Failure`."""
        await self._ask("DELETE", f"{at.root}/{at.version}/{name}", at.headers)

    async def _send(self, file: Attachment, at: ApiAddress) -> RemoteCopy:
        about = {
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(file.size),
            "X-Goog-Upload-Header-Content-Type": file.type,
        }
        url = f"{at.root}/upload/{at.version}/files"
        place, _ = await self._ask("POST", url, {**at.headers, **about}, b'{"file":{}}')
        if place is None:
            raise Failure("upstream_unavailable", cause="no upload address")
        body = StreamedBody(file.source.read, file.size)
        command = {"X-Goog-Upload-Offset": "0", "X-Goog-Upload-Command": "upload, finalize"}
        _, answer = await self._ask("POST", place, {**at.headers, **command, "Content-Type": file.type}, body)
        return await self._active(answer.get("file", answer), at)

    async def _active(self, told: Any, at: ApiAddress) -> RemoteCopy:
        """Wait until the provider can use a file."""
        pause = _FIRST_LOOK
        while told.get("state") == "PROCESSING":
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_LOOK)
            _, told = await self._ask("GET", f"{at.root}/{at.version}/{told['name']}", at.headers)
        if told.get("state") not in ("ACTIVE", None) or not told.get("uri"):
            message = "The provider could not read one of the files."
            raise Failure("upstream_rejected", message, field="files", cause=f"file {told.get('state')}")
        return RemoteCopy(str(told.get("name")), str(told["uri"]), _expiry(told.get("expirationTime")))

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None = None
    ) -> tuple[str | None, dict[str, Any]]:
        """Return the upload address that an answer names, and its JSON; raise `Failure`."""
        async with self._session.request(method, url, headers=headers, data=body) as response:
            data = await _whole(response)
            place = response.headers.get("X-Goog-Upload-URL")
        with suppress(msgspec.DecodeError):
            answer = msgspec.json.decode(data)
            if isinstance(answer, dict):
                return place, answer
        return place, {}


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """Return the body of a short answer."""
    reader, data = BodyReader(cast("Response", response)), b""
    while not reader.ended and len(data) < _ANSWER_BYTES:
        if not reader.has_news:
            await reader.news()
        data += reader.take()
    return data


def _expiry(told: Any) -> float:
    """Return the time of an expiry such as `2026-11-29T22:00:00.123456789Z`."""
    with suppress(TypeError, ValueError):
        return datetime.fromisoformat(str(told).partition(".")[0].removesuffix("Z") + "+00:00").timestamp()
    return time.time() + _LIFETIME_SECONDS
