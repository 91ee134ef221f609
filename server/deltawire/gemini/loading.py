"""The upstream of a process while its client is loaded: google-genai takes as long to import as all the rest."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from errno import EMFILE, ENFILE
from os import strerror
from typing import TYPE_CHECKING, Any, Final, Self

import structlog

from deltawire.gemini.messages import Exchange
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage
from deltawire.protocol.errors import Failure

if TYPE_CHECKING:  # this import is slow
    from deltawire.gemini.client import GeminiClient
    from deltawire.gemini.stream import GeminiStream

log = structlog.get_logger(__name__)

_PAUSE_SECONDS: Final = 0.5
"""Seconds between two attempts to load while the process has no free file descriptor."""

Load = Callable[[AsyncExitStack], Coroutine[Any, Any, "GeminiClient"]]
"""Loads the client and opens it on the stack, which is closed when the process stops."""


class LoadingUpstream:
    """The upstream of turns that begin before the client is loaded: each call waits until it is.

    It is a context manager for the event loop that uses it. Entering it starts the loading.
    """

    def __init__(self, load: Load, loaded: Callable[["GeminiClient"], None]) -> None:
        """`loaded` is called with the client once it is loaded."""
        self._load = load
        self._loaded = loaded
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start to load."""
        self._loading = asyncio.get_running_loop().create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop to load, or close the client."""
        self._loading.cancel()
        await asyncio.wait({self._loading})
        await self._opened.aclose()

    async def ready(self) -> None:
        """Wait until the client is loaded; raise the exception of a loading that failed."""
        await asyncio.shield(self._loading)

    @property
    def loading(self) -> Awaitable[object] | None:
        """See `Upstream`."""
        return None if self._loading.done() else self._client()

    async def open(
        self, model: str, request: ChatRequest, history: list[HistoryMessage], exchange: Exchange = ()
    ) -> "GeminiStream":
        """See `GeminiClient.open`."""
        client = await self._client()
        return await client.open(model, request, history, exchange)

    async def delete_copy(self, name: str) -> None:
        """See `GeminiClient.delete_copy`."""
        client = await self._client()
        await client.delete_copy(name)

    async def _client(self) -> "GeminiClient":
        try:
            return await asyncio.shield(self._loading)
        except Exception as fault:  # noqa: BLE001 - the process ends with this fault, and logs it
            raise Failure("upstream_unavailable", cause=type(fault).__name__) from None

    async def _run(self) -> "GeminiClient":
        while True:
            try:
                client = await self._load(self._opened)
            except (OSError, ImportError) as fault:
                if not _lacks_descriptors(fault):
                    raise
                log.warning("the upstream is not loaded yet: clients hold all descriptors", error=type(fault).__name__)
                await self._opened.aclose()
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                self._loaded(client)
                return client


def _lacks_descriptors(fault: OSError | ImportError) -> bool:
    """Return whether too many files are open. The import of a compiled module reports that only in its message."""
    return getattr(fault, "errno", None) in (EMFILE, ENFILE) or strerror(EMFILE) in str(fault)
