"""The real client of OpenAI's API, over `/v1` of a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from openai import AsyncOpenAI


@asynccontextmanager
async def openai_client(address: str, key: str = "any") -> AsyncIterator[AsyncOpenAI]:
    """A client that does not try again."""
    async with AsyncOpenAI(base_url=f"http://{address}/v1", api_key=key, max_retries=0) as client:
        yield client
