from collections.abc import AsyncIterator

import pytest
from openai import AsyncOpenAI
from support.openai_client import openai_client
from support.serving import sharing
from support.upstream import Upstream


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[AsyncOpenAI]:
    """A client of a server that other tests share."""
    async with sharing(upstream, retries=0) as address, openai_client(address) as client:
        yield client
