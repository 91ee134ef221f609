"""All the sockets of a process."""

from deltawire.chat.admission import Admission
from deltawire.chat.history import HistoryPool
from deltawire.chat.peer import Peer
from deltawire.chat.session import Session, SocketBounds
from deltawire.identity.authenticator import Authenticator
from deltawire.identity.caller import Caller
from deltawire.identity.socket_identity import SocketIdentity
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.refusals import Refusals


class SessionRegistry:
    """Serves sockets, each by a session of its own, and knows which are open; one for the process."""

    def __init__(
        self,
        admission: Admission,
        authenticator: Authenticator,
        histories: HistoryPool,
        bounds: SocketBounds,
        metrics: Metrics,
        refusals: Refusals,
    ) -> None:
        """Start with no sessions; all sessions share the arguments."""
        self._admission = admission
        self._authenticator = authenticator
        self._histories = histories
        self._bounds = bounds
        self._metrics = metrics
        self._refusals = refusals
        self._open: set[Session] = set()
        self._draining = False

    async def serve(self, peer: Peer, caller: Caller) -> None:
        """Serve a socket that was just accepted from this caller until it closes."""
        identity = SocketIdentity(caller, self._authenticator)
        session = Session(peer, identity, self._admission, self._histories.open(), self._bounds, self._refusals)
        self._open.add(session)
        self._metrics.sockets.inc()
        try:
            if self._draining:
                session.drain()
            await session.run()
        finally:
            self._open.remove(session)
            self._metrics.sockets.dec()

    def drain(self) -> None:
        """End each socket as soon as none of its turns runs: the idle ones now."""
        self._draining = True
        for session in self._open:
            session.drain()
