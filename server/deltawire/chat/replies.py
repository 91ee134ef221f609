"""The replies of a socket: frames that are not part of a turn's answer, sent without waiting."""

from typing import Final

from deltawire.aio.owned_tasks import OwnedTasks
from deltawire.chat.peer import Peer, PeerGone, PeerSlow
from deltawire.protocol.frames import FrameDown, encode

_MAX_WAITING: Final = 64


class Replies:
    """Sends the replies of one socket."""

    __slots__ = ("_peer", "_tasks", "_waiting")

    def __init__(self, peer: Peer, tasks: OwnedTasks) -> None:
        """`tasks` are those of the socket."""
        self._peer = peer
        self._tasks = tasks
        self._waiting = 0

    def send(self, frame: FrameDown) -> None:
        """Send now if there is room, or in a task that waits for it; never wait here."""
        message = encode(frame)
        if self._waiting == 0 and self._peer.send_now(message):
            return
        if self._waiting >= _MAX_WAITING:
            self._peer.end(4008, "too slow")
            return
        self._waiting += 1
        self._tasks.spawn(self._send_later(message))

    async def _send_later(self, message: bytes) -> None:
        try:
            await self._peer.send(message)
        except PeerGone:
            pass
        except PeerSlow:
            self._peer.end(4008, "too slow")
        finally:
            self._waiting -= 1
