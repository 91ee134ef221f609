"""The offline stand-in: a server on loopback with Gemini's HTTP API and no model, for use without a key.

Its answers come word by word, about 30 words a second.
"""

import asyncio
from typing import Final, Self

import msgspec
import structlog
from aiohttp import web

from deltawire.gemini.standin.answers import events
from deltawire.gemini.standin.files import SentFiles
from deltawire.gemini.standin.request import StandInRequest

log = structlog.get_logger(__name__)

_SECONDS_PER_WORD: Final = 0.03
_SECONDS_TO_FIRST_WORD: Final = 0.25
_MAX_BODY_BYTES: Final = 64 * 2**20
"""The longest request: the files within it are in base64."""


class StandIn:
    """An HTTP server on a free loopback port, as a context manager. `url` is its address once it listens."""

    def __init__(self) -> None:
        """Prepare; nothing listens before the context is entered."""
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        self._files = SentFiles()
        self._files.add_routes(app)
        app.router.add_post("/{version}/models/{model}:streamGenerateContent", self._stream)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        self.url = ""

    async def __aenter__(self) -> Self:
        """Start to listen; return the server."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop to listen, and end the running streams."""
        await self._runner.cleanup()

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        try:
            standin_request = StandInRequest.read(msgspec.json.decode(await request.read()), self._files)
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            error = {"code": 400, "message": "This is not a request that Gemini knows.", "status": "INVALID_ARGUMENT"}
            return web.json_response({"error": error}, status=400)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        sent = 0
        try:
            await asyncio.sleep(_SECONDS_TO_FIRST_WORD)
            for event in events(standin_request):
                await response.write(b"data: " + msgspec.json.encode(event) + b"\r\n\r\n")
                sent += 1
                await asyncio.sleep(_SECONDS_PER_WORD)
            await response.write_eof()
        except (asyncio.CancelledError, ConnectionError):
            log.info("stand-in: stream closed by its reader", events_sent=sent)
            raise
        log.info("stand-in: stream sent to its end", events_sent=sent)
        return response
