"""Load the upstream of a process: Gemini, or the stand-in."""

import asyncio
import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from deltawire.aio.running_time import RunningTime
from deltawire.config.settings import Settings
from deltawire.gemini.account import Account, account_of, standin_account
from deltawire.process.hidden_library import without

if TYPE_CHECKING:  # to import them is what takes long
    from deltawire.gemini.client import GeminiClient
    from deltawire.gemini.standin.server import StandIn

_END_SILENCE_SECONDS: Final = 2.0
"""Seconds without data that end an answer which is whole."""


async def load_client(settings: Settings, running: RunningTime, stack: AsyncExitStack) -> "GeminiClient":
    """Import the client in a thread, and open it on the stack."""
    client = await asyncio.to_thread(_import_client)
    account = await _find_account(settings, stack)
    end_silence = min(_END_SILENCE_SECONDS, settings.token_timeout / 2)  # a short token timeout shortens this wait, too
    return await stack.enter_async_context(client(account, settings.connect_timeout, end_silence, running))


async def _find_account(settings: Settings, stack: AsyncExitStack) -> Account:
    """Return the account: Gemini with the SDK's own variables, or the stand-in, which is started here."""
    if not settings.has_upstream:
        standin = await asyncio.to_thread(_import_standin)
        return standin_account((await stack.enter_async_context(standin())).url)
    key = settings.api_key.get_secret_value() if settings.api_key is not None else None
    return account_of(key, os.environ, vertex=settings.vertex)


def _import_client() -> "type[GeminiClient]":
    with without("pygments"):  # httpx, which google-genai imports, takes it for its command line
        from deltawire.gemini.client import GeminiClient  # noqa: PLC0415 - google-genai is slow: see `LoadingUpstream`

    return GeminiClient


def _import_standin() -> "type[StandIn]":
    from deltawire.gemini.standin.server import StandIn  # noqa: PLC0415 - with a key nobody needs it

    return StandIn
