"""All the sockets of a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from deltawire.chat.history import HistoryPool
from deltawire.chat.peer import Peer
from deltawire.chat.session import Session
from deltawire.chat.socket_services import SocketServices
from deltawire.identity.authenticator import Authenticator
from deltawire.identity.caller import Caller
from deltawire.identity.socket_identity import SocketIdentity
from deltawire.telemetry.metrics import Metrics

_CHECK_SECONDS: Final = 5.0
"""Seconds between two checks of the tokens; a socket ends when the second check in a row finds its token invalid."""
_CHECKED_AT_ONCE: Final = 500
"""Sockets that are checked before other tasks of the loop run."""


class SessionRegistry:
    """Serves sockets, each by a session of its own, and knows which are open; one for the process."""

    def __init__(
        self, services: SocketServices, authenticator: Authenticator, histories: HistoryPool, metrics: Metrics
    ) -> None:
        """Start with no sessions; all sessions share the arguments."""
        self._services = services
        self._authenticator = authenticator
        self._histories = histories
        self._metrics = metrics
        self._open: set[Session] = set()
        self._unauthenticated: set[Session] = set()
        self._draining = False

    async def serve(self, peer: Peer, caller: Caller) -> None:
        """Serve a socket that was just accepted from this caller until it closes."""
        identity = SocketIdentity(caller, self._authenticator)
        session = Session(peer, identity, self._histories.open(caller.name), self._services)
        self._open.add(session)
        self._metrics.sockets.inc()
        try:
            if self._draining:
                session.drain()
            await session.run()
        finally:
            self._open.remove(session)
            self._unauthenticated.discard(session)
            self._metrics.sockets.dec()

    @asynccontextmanager
    async def checking_tokens(self) -> AsyncIterator[None]:
        """End the sockets whose token has expired or was revoked, soon, but each after its running turns."""
        task = (
            asyncio.get_running_loop().create_task(self._keep_checking()) if self._authenticator.is_required else None
        )
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                await asyncio.wait({task})

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            await self.check_tokens()

    async def check_tokens(self) -> None:
        """Check the token of each open socket once."""
        unauthenticated: set[Session] = set()
        for number, session in enumerate(list(self._open), 1):
            if not session.is_authenticated:
                unauthenticated.add(session)
                if session in self._unauthenticated:
                    session.end_unauthenticated()
            if number % _CHECKED_AT_ONCE == 0:
                await asyncio.sleep(0)
        self._unauthenticated = unauthenticated & self._open

    def drain(self) -> None:
        """End each socket as soon as none of its turns runs: the idle ones now."""
        self._draining = True
        for session in self._open:
            session.drain()
