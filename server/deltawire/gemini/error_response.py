"""Convert any response other than 200 to a `Failure`, before the SDK reads it.

The SDK reads error bodies of any size, loses the status of one whose body is not the JSON that its header announces,
and would follow a redirect with the key in its headers.
"""

import asyncio
from contextlib import suppress
from typing import Final

import aiohttp

from deltawire.gemini.body import TRANSPORT_ERRORS
from deltawire.gemini.reading.faults import error_in, failure_of, seconds_until

_BODY_BYTES: Final = 2**16
_BODY_SECONDS: Final = 2.0


async def refuse_all_but_200(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Return a 200 response unchanged; raise a `Failure` for any other. A middleware of aiohttp's client."""
    response = await send(request)
    if response.status == 200:
        return response
    body = bytearray()
    try:
        with suppress(TimeoutError, *TRANSPORT_ERRORS):
            async with asyncio.timeout(_BODY_SECONDS):
                while len(body) < _BODY_BYTES and (piece := await response.content.readany()):
                    body += piece
    finally:
        response.close()
    raise failure_of(error_in(bytes(body)), response.status, seconds_until(response.headers.get("Retry-After")))
