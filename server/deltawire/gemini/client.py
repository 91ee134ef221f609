"""Open a Gemini stream through google-genai, and close it deterministically.

The SDK provides keys, Vertex credentials, addresses and headers. This package reads the response's bytes: the SDK's
own generator cannot be closed deterministically and costs 150 to 200 µs a chunk. The seam is two private methods of
the SDK, `_build_request` and `_async_request_once`; `test_private_names.py` fails readably when they change.
"""

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Self, cast
from urllib.request import getproxies

import aiohttp
import msgspec
from google import genai
from google.auth.exceptions import GoogleAuthError, TransportError
from google.genai import types

from deltawire.aio.running_time import RunningTime
from deltawire.gemini.account import Account
from deltawire.gemini.attaching import PlacedFiles, place_files
from deltawire.gemini.body import TRANSPORT_ERRORS, BodyReader, Response, request_failure
from deltawire.gemini.connection import Connector
from deltawire.gemini.error_response import send_until_200
from deltawire.gemini.messages import Exchange, FiledRequest, attachments_of, files_of
from deltawire.gemini.remote_files import ApiAddress, RemoteFiles
from deltawire.gemini.request import request_body
from deltawire.gemini.stream import GeminiStream
from deltawire.gemini.streamed_body import StreamedBody
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage
from deltawire.protocol.errors import Failure

if TYPE_CHECKING:
    from google.genai._api_client import HttpRequest

_READ_BYTES: Final = 2**14
"""Bytes of a stream that are buffered for a client that does not read; aiohttp pauses the socket at twice that."""
_HEADER_BYTES: Final = 2**16
"""The longest response header that is accepted: proxies add cookies and policies."""

_MODELS: Final = 256
"""Models whose address and headers are cached: where any model name is allowed, callers choose them."""
_encode = msgspec.json.Encoder().encode


class GeminiClient:
    """The upstream of every turn of this process; a context manager for the event loop that uses it."""

    def __init__(
        self,
        account: Account,
        connect_timeout: float = 10.0,
        end_silence: float = 2.0,
        running: RunningTime | None = None,
    ) -> None:
        """Store the arguments; entering the context raises google-genai's error when there are no credentials.

        Times are seconds. `connect_timeout` bounds a new connection, including TLS. `end_silence` bounds the wait for
        the end of a body whose answer is complete. Both are times of the clock `running`, where there is one.
        """
        self._account = account
        self._path = "publishers/google/models" if account.vertex else "models"
        self._connect_timeout = connect_timeout
        self._end_silence = end_silence
        self._running = running or RunningTime()
        self._prepared = lru_cache(_MODELS)(self._prepare)

    loading: Final = None
    """See `Upstream`: this client is loaded."""

    async def __aenter__(self) -> Self:
        """Create the SDK's client over an HTTP session of this server."""
        account = self._account
        self._session = aiohttp.ClientSession(
            connector=Connector(self._connect_timeout, self._running),
            response_class=Response,
            read_bufsize=_READ_BYTES,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
            # With it, aiohttp uses two threads for each request: to find a proxy and to read ~/.netrc.
            trust_env=account.proxies and bool(getproxies()),
            middlewares=(send_until_200,),
        )
        self._remote_files = RemoteFiles(self._session, self._connect_timeout)
        options = types.HttpOptions(
            base_url=account.base_url,
            api_version=account.api_version,
            aiohttp_client=self._session,
        )
        try:
            self._client = genai.Client(
                vertexai=account.vertex,
                api_key=account.api_key,
                project=account.project,
                location=account.location,
                http_options=options,
            )
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection to the upstream."""
        await self._remote_files.close()
        self._client.close()
        await self._client.aio.aclose()
        await self._session.close()

    async def open(
        self,
        model: str,
        request: ChatRequest,
        history: list[HistoryMessage],
        exchange: Exchange = (),
        *,
        body: bytes | None = None,
    ) -> GeminiStream:
        """Send the request to `model`; return the stream of its 200 response. Raise `Failure` for any other response.

        Cancelling the call closes the connection. This method enforces the deadline of a new connection, and no other.
        `body` is that of the request, where it is made already.
        """
        if body is None:
            if request.__class__ is FiledRequest:  # `type()` would be a call
                return await self._open_with_files(model, request, history, exchange)
            body = _encode(request_body(model, request, history, exchange))
        api = self._client._api_client  # noqa: SLF001 - the seam
        prepared = self._prepared(model)
        # The SDK adds credentials to the headers.
        http_request = replace(prepared, headers=prepared.headers.copy(), data=body)
        try:
            # `_async_request` would call this through tenacity, which costs 0.1 ms and never retries here.
            response = await api._async_request_once(http_request, stream=True, implicit_retry=False)  # noqa: SLF001
        except GoogleAuthError as error:
            code = "upstream_unavailable" if isinstance(error, TransportError) else "upstream_rejected"
            raise Failure(code, cause=type(error).__name__) from None
        except TRANSPORT_ERRORS as error:
            raise request_failure(error, self._connect_timeout) from None
        reader = BodyReader(cast("Response", response.response_stream))
        return GeminiStream(reader, self._end_silence, self._running, has_tools=bool(request.tools))

    async def _open_with_files(
        self, model: str, request: ChatRequest, history: list[HistoryMessage], exchange: Exchange
    ) -> GeminiStream:
        """Ask with files. Older copies that the provider does not accept are made again, once."""
        earlier, own = [file for message in history for file in files_of(message)], attachments_of(request)
        remote, at = None if self._account.vertex else self._remote_files, self._api_address(model)
        placed_files = await place_files(earlier, own, remote, at)
        try:
            body = _filed_body(model, request, history, exchange, placed_files)
            return await self.open(model, request, history, body=body)
        except Failure as failure:
            stale = await self._remote_files.stale(failure, placed_files.cached, at)
            if not stale:
                raise
        for file in stale:
            await file.source.keep_copy(None)
        placed_files = await place_files(earlier, own, remote, at)
        body = _filed_body(model, request, history, exchange, placed_files)
        return await self.open(model, request, history, body=body)

    async def delete_copy(self, name: str) -> None:
        """Delete a copy of a file at the provider; raise `Failure`."""
        if not self._account.vertex:
            await self._remote_files.delete(name, self._api_address("any"))

    def _api_address(self, model: str) -> ApiAddress:
        prepared = self._prepared(model)
        root, _, version = prepared.url.partition("/models/")[0].rpartition("/")
        return ApiAddress(root, version, dict(prepared.headers))

    def _prepare(self, model: str) -> "HttpRequest":
        """Return the SDK's request to a model, without a body."""
        api = self._client._api_client  # noqa: SLF001 - the seam
        return api._build_request("post", f"{self._path}/{model}:streamGenerateContent?alt=sse", {})  # noqa: SLF001


def _filed_body(
    model: str, request: ChatRequest, history: list[HistoryMessage], exchange: Exchange, files: PlacedFiles
) -> StreamedBody:
    """Return the body of a request with its files."""
    marked_history = [files.mark(message, "text", files_of(message)) for message in history]
    marked_request = files.mark(request, "message", attachments_of(request))
    return files.body(_encode(files.fill(request_body(model, marked_request, marked_history, exchange))))
