"""Google's Files API, by hand over our own session: the SDK's upload would read the file on the event loop.

It is a cache of large files, each for 48 hours. When a copy has expired, the file is sent again from our own store.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

import aiohttp
import msgspec

from deltawire.aio.background import BackgroundTasks
from deltawire.gemini.body import TRANSPORT_ERRORS, BodyReader, Response, request_failure
from deltawire.gemini.events import FileFailure
from deltawire.gemini.messages import Attachment, RemoteCopy
from deltawire.gemini.streamed_body import StreamedBody
from deltawire.protocol.errors import Failure

_LIFETIME_SECONDS: Final = 47 * 3_600.0
"""The lifetime of a copy whose expiry the provider does not report."""
_MARGIN_SECONDS: Final = 600.0
"""A copy that expires sooner is not asked with any more: a turn may take minutes."""
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 2.0
_NOT_YET: Final = ("PROCESSING", "STATE_UNSPECIFIED")
_CLOSE_SECONDS: Final = 2.0
_ANSWER_BYTES: Final = 2**16


class ApiAddress(NamedTuple):
    """The address of the API, and the headers of the account."""

    root: str
    version: str
    headers: dict[str, str]


class RemoteFiles:
    """The files of one account at the provider."""

    def __init__(self, session: aiohttp.ClientSession, connect_seconds: float) -> None:
        """Use this session, which gives up a connection after this time."""
        self._session = session
        self._connect_seconds = connect_seconds
        self._background = BackgroundTasks()

    async def close(self) -> None:
        """Wait a moment for the copies that are being deleted."""
        await self._background.wait(_CLOSE_SECONDS)

    async def copy_of(self, file: Attachment, at: ApiAddress) -> tuple[RemoteCopy, bool]:
        """Return a copy that lasts longer than a turn, and if it is a new one. Raise `Failure`.

        A new copy whose file was deleted meanwhile, or whose turn was, is deleted: nothing names it any more.
        """
        copy = await file.source.copy()
        if copy is not None and copy.expires >= time.time() + _MARGIN_SECONDS:
            return copy, False
        answer = await self._send(file, at)
        try:
            copy = await self._active(answer, at)
            await file.source.keep_copy(copy)
        except BaseException:
            if answer.get("name"):
                self._background.run(self.delete(str(answer["name"]), at))
            raise
        return copy, True

    async def stale(self, refusal: Failure, cached: Sequence[Attachment], at: ApiAddress) -> list[Attachment]:
        """Return the files whose older copies may be the reason of a refusal.

        A copy that has expired, or that belongs to the project of an earlier key, gets a 403. A 400 has many reasons:
        each copy is checked, unless the refusal speaks of a file.
        """
        status = (refusal.cause or "").partition(" ")[0]
        if isinstance(refusal, FileFailure) or status in ("403", "404"):
            return list(cached)
        return [file for file in cached if not await self._is_active(file, at)] if status == "400" else []

    async def delete(self, name: str, at: ApiAddress) -> None:
        """Delete a copy; raise `Failure`."""
        await self._ask("DELETE", f"{at.root}/{at.version}/{name}", at.headers)

    async def _send(self, file: Attachment, at: ApiAddress) -> dict[str, Any]:
        """Send a file; return what the provider says of it."""
        upload = {
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(file.size),
            "X-Goog-Upload-Header-Content-Type": file.type,
        }
        url = f"{at.root}/upload/{at.version}/files"
        start = msgspec.json.encode({"file": {"mimeType": file.type, "sizeBytes": str(file.size)}})
        headers, _ = await self._ask("POST", url, {**at.headers, **upload}, start)
        upload_url = headers.get("X-Goog-Upload-URL")
        if upload_url is None:
            raise Failure("upstream_unavailable", cause="no upload address")
        body = StreamedBody(file.source.read, file.size)
        command = {"X-Goog-Upload-Offset": "0", "X-Goog-Upload-Command": "upload, finalize"}
        headers, answer = await self._ask(
            "POST", upload_url, {**at.headers, **command, "Content-Type": file.type}, body
        )
        if headers.get("X-Goog-Upload-Status", "final") != "final":
            raise Failure("upstream_unavailable", cause="an upload was not finished")
        answer = answer.get("file", answer)
        return answer if isinstance(answer, dict) else {}

    async def _active(self, answer: dict[str, Any], at: ApiAddress) -> RemoteCopy:
        """Wait until the provider can use a file."""
        name, pause = str(answer.get("name")), _FIRST_PAUSE_SECONDS
        while answer.get("state") in _NOT_YET:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            _, answer = await self._ask("GET", f"{at.root}/{at.version}/{name}", at.headers)
        if answer.get("state") not in ("ACTIVE", None) or not answer.get("uri"):
            message = "The provider could not read one of the files."
            raise Failure("upstream_rejected", message, field="files", cause=f"file {answer.get('state')}")
        return RemoteCopy(name, str(answer["uri"]), _expiry(answer.get("expirationTime")))

    async def _is_active(self, file: Attachment, at: ApiAddress) -> bool:
        copy = await file.source.copy()
        try:
            _, answer = await self._ask("GET", f"{at.root}/{at.version}/{copy.name if copy else None}", at.headers)
        except Failure as failure:
            return failure.code != "upstream_rejected"
        return answer.get("state") in ("ACTIVE", None)

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None = None
    ) -> tuple[Mapping[str, str], dict[str, Any]]:
        """Return the headers of an answer, and its JSON; raise `Failure`."""
        try:
            async with self._session.request(method, url, headers=headers, data=body) as response:
                data = await _read_body(response)
                head = response.headers
        except TRANSPORT_ERRORS as error:
            raise request_failure(error, self._connect_seconds) from None
        with suppress(msgspec.DecodeError):
            answer = msgspec.json.decode(data)
            if isinstance(answer, dict):
                return head, answer
        return head, {}


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    """Return the body of a short answer."""
    reader, data = BodyReader(cast("Response", response)), b""
    while not reader.ended and len(data) < _ANSWER_BYTES:
        if not reader.has_news:
            await reader.news()
        data += reader.take()
    return data


def _expiry(text: Any) -> float:
    """Return an expiry such as `2026-11-29T22:00:00.123456789Z` in seconds since 1970."""
    with suppress(TypeError, ValueError):
        return datetime.fromisoformat(str(text).partition(".")[0].removesuffix("Z") + "+00:00").timestamp()
    return time.time() + _LIFETIME_SECONDS
