"""Opens a Gemini stream through google-genai, and closes it for certain.

The SDK owns keys, Vertex credentials, addresses and headers. The response's bytes are ours: its own
generator cannot be closed deterministically and costs 150 to 200 µs a chunk. The seam is two of its
private calls, `_build_request` and `_async_request_once`; `test_client.py` says so readably when they move.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final, Self, cast
from urllib.request import getproxies

import aiohttp
import msgspec
from aiohttp.http import HttpProcessingError
from google import genai
from google.auth.exceptions import GoogleAuthError, TransportError
from google.genai import types

from deltawire.gemini.connection import Connection, Connector
from deltawire.gemini.events import Counts, Event
from deltawire.gemini.faults import failure_of
from deltawire.gemini.request import request_body
from deltawire.gemini.wire import ResponseReader
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ChatRequest, HistoryMessage

_READ_BYTES: Final = 2**14
"""How much of a stream is held for a client that does not read; aiohttp pauses the socket at twice that."""
_ERROR_BODY_BYTES: Final = 2**16
_ERROR_BODY_SECONDS: Final = 2.0
_TRANSPORT_ERRORS: Final = (aiohttp.ClientError, HttpProcessingError, GoogleAuthError, OSError)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks Google, and where. What is None is left to the SDK and its environment variables."""

    api_key: str | None = None
    base_url: str | None = None
    api_version: str | None = None
    vertex: bool = False
    project: str | None = None
    location: str | None = None
    proxies: bool = True
    """Whether `HTTPS_PROXY` and its like are obeyed."""

    def __repr__(self) -> str:
        """Nothing: the key must not reach a log."""
        return "Account()"


class GeminiClient:
    """The upstream of every turn of this process; a context manager for the event loop that uses it."""

    def __init__(self, account: Account) -> None:
        """Prepare; entering the context raises what google-genai raises when there are no credentials."""
        self._account = account
        self._path = "publishers/google/models" if account.vertex else "models"

    async def __aenter__(self) -> Self:
        """Set up the SDK on a transport of ours."""
        account = self._account
        self._session = aiohttp.ClientSession(
            connector=Connector(),
            read_bufsize=_READ_BYTES,
            # With it, aiohttp asks two threads for each request: for a proxy and for ~/.netrc.
            trust_env=account.proxies and bool(getproxies()),
            middlewares=(_refuse,),
        )
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
        self._client.close()
        await self._client.aio.aclose()
        await self._session.close()

    async def open(self, model: str, request: ChatRequest, history: list[HistoryMessage]) -> "GeminiStream":
        """Ask `model` and return once it has answered with 200; raise `Failure` when it did not.

        Cancelling the call closes the connection. No deadline is kept here.
        """
        api = self._client._api_client  # noqa: SLF001 - the seam
        prepared = api._build_request(  # noqa: SLF001
            "post",
            f"{self._path}/{model}:streamGenerateContent?alt=sse",
            request_body(model, request, history),
        )
        try:
            # One below `_async_request`, which would ask tenacity whether to ask again: never, and for 0.1 ms.
            answer = await api._async_request_once(prepared, stream=True, implicit_retry=False)  # noqa: SLF001
        except _TRANSPORT_ERRORS as error:
            raise _transport_failure(error) from None
        return GeminiStream(cast("aiohttp.ClientResponse", answer.response_stream))


class GeminiStream:
    """One response, read by us: see `events.Stream`."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        """Take over a response whose headers have come."""
        self._response = response
        self._reader = ResponseReader()
        self._loop = asyncio.get_running_loop()
        self.ended = False
        self._is_over = False
        self._has_news = True
        self._waiting: asyncio.Future[None] | None = None
        response.content.on_eof(self._take_end)
        # A response that is over has given its connection back.
        self._connection = cast("Connection", response.connection.protocol) if response.connection else None
        if self._connection is not None:
            self._connection.on_news = self._take_news

    @property
    def counts(self) -> Counts:
        """The provider's last figures."""
        return self._reader.counts

    @property
    def finish_reason(self) -> str | None:
        """The model's last word on why it stopped."""
        return self._reader.finish_reason

    async def read(self) -> list[Event]:
        """The next events, perhaps none; raise `Failure` when the connection breaks."""
        data = b""
        try:
            while not data and not self.ended:
                if not self._has_news:
                    self._waiting = self._loop.create_future()
                    await self._waiting
                data = self._take_bytes()
        except _TRANSPORT_ERRORS as error:
            # The error tells of the body only; that there was a reset stands with the connection.
            lost = self._connection.exception() if self._connection is not None else None
            # One object serves every response that was closed: its trace would hold all their streams.
            error.__traceback__ = None
            raise _transport_failure(lost if isinstance(lost, OSError) else error) from None
        return self._reader.feed(data) if data else self._reader.end()

    def close(self) -> None:
        """Close the connection now. A read that is waiting raises; a second call does nothing."""
        self._response.close()
        self._take_news()

    def _take_end(self) -> None:
        self._is_over = True
        self._take_news()

    def _take_news(self) -> None:
        """Let a read go on: something has come, or the connection is gone."""
        self._has_news = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _take_bytes(self) -> bytes:
        """What has come, if any has; raise what aiohttp says is wrong with the body."""
        # Before the read, for it may bring more news: it lets a paused parser go on. A loss that came together with
        # these bytes is told only once, and has to be seen after them.
        self._has_news = self._is_over or (self._connection is not None and self._connection.is_lost)
        data = self._response.content.read_nowait()
        if not data:
            self.ended = self._is_over
            # It drops a connection whose chunks it cannot parse, and says nothing.
            if not self.ended and (self._connection is None or not self._connection.connected):
                raise aiohttp.ClientPayloadError
        return data


async def _refuse(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Turn any answer but 200 into a `Failure`, before the SDK reads it.

    The SDK reads error bodies whole, loses the status of one that is not the JSON it claims to be, and
    would follow a redirect with the key in its headers.
    """
    response = await send(request)
    if response.status == 200:
        return response
    body = bytearray()
    try:
        with suppress(TimeoutError, *_TRANSPORT_ERRORS):
            async with asyncio.timeout(_ERROR_BODY_SECONDS):
                while len(body) < _ERROR_BODY_BYTES and (piece := await response.content.readany()):
                    body += piece
    finally:
        response.close()
    raise failure_of(_error_in(bytes(body)), response.status, _seconds(response.headers.get("Retry-After")))


def _error_in(body: bytes) -> Any:
    """What an error body holds under `error`; None for HTML and the like."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(content, list) and content:
        content = content[0]
    return content.get("error") if isinstance(content, dict) else None


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isascii() and header.isdigit() and len(header) < 7 else None


def _transport_failure(error: BaseException) -> Failure:
    """The row of the table for what the transport raised: mapped here and nowhere else."""
    code = "upstream_unavailable"
    if isinstance(error, aiohttp.ClientPayloadError | HttpProcessingError):
        code = "upstream_truncated"
    elif isinstance(error, GoogleAuthError) and not isinstance(error, TransportError):
        code = "upstream_rejected"
    return Failure(code, cause=type(error).__name__)
