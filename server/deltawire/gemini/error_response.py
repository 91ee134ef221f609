"""Convert any response other than 200 to a `Failure`, before the SDK reads it.

The SDK reads error bodies of any size, loses the status of one whose body is not the JSON that its header announces,
and would follow a redirect with the key in its headers.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final, NoReturn

import aiohttp

from deltawire.gemini.body import TRANSPORT_ERRORS
from deltawire.gemini.connection import KeptConnectionLost
from deltawire.gemini.reading.faults import error_in, failure_of, seconds_until
from deltawire.gemini.reading.sse import EventStreamDecoder

_BODY_BYTES: Final = 2**16
_BODY_SECONDS: Final = 2.0


async def send_until_200(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Return a 200 response; raise a `Failure` for any other. The one middleware of aiohttp's client.

    A request is sent until its connection is a live one. The provider may close a kept connection at any moment, also
    while the next request is on its way. That says nothing about the provider, so it does not count as an attempt. Each
    try uses up one kept connection; after the last one a new connection is made.
    """
    while True:
        try:
            response = await send(request)
        except KeptConnectionLost:
            continue
        if response.status != 200:
            await _raise_failure(response)
        return response


async def _raise_failure(response: aiohttp.ClientResponse) -> NoReturn:
    """Read the error in a response, within bounds of bytes and seconds, and raise its `Failure`."""
    body = bytearray()
    try:
        with suppress(TimeoutError, *TRANSPORT_ERRORS):
            async with asyncio.timeout(_BODY_SECONDS):
                while len(body) < _BODY_BYTES and (piece := await response.content.readany()):
                    body += piece
    finally:
        response.close()
    raise failure_of(_error_in(bytes(body)), response.status, seconds_until(response.headers.get("Retry-After")))


def _error_in(body: bytes) -> Any:
    """Return the error in a body that may be framed as the events of a stream; None where there is none."""
    framing = EventStreamDecoder()
    errors = map(error_in, [*framing.feed(body), *framing.end()])
    return next((error for error in errors if error is not None), None)
