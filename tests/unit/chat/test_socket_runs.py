"""The runs of one socket: what is left when the socket is over."""

from typing import Any, cast

import pytest
from support.fake_runs import CALLER, FakeListener, Scene, settled
from support.fake_upstream import FakeStream, FakeUpstream

from deltawire.chat.history import HistoryPool
from deltawire.chat.peer import PeerGone
from deltawire.chat.runs.socket_runs import SocketRuns
from deltawire.gemini.events import Text
from deltawire.protocol.frames import Chat, Usage


class LostPeer:
    """A client that does not read, and then is lost."""

    context = None
    ended_with = left_with = None

    def send_now(self, _: bytes) -> bool:
        return False

    async def send(self, _: bytes) -> None:
        raise PeerGone


async def test_a_socket_that_was_lost_in_a_send_is_not_asked_to_remember_the_exchange() -> None:
    stream = FakeStream()
    scene = Scene(FakeUpstream(stream))
    history = HistoryPool(10_000, 10_000, 10_000).open(CALLER.name)
    socket = SocketRuns(scene.runs, cast("Any", LostPeer()), history, {})
    listener = socket.start_here(Chat(message="hi", id="t", grace=60), CALLER)
    await settled()
    with pytest.raises(PeerGone):
        await listener.listen()
    socket.remove(listener)
    socket.leave()
    history.close()
    other = FakeListener()
    other.listens(listener.run)
    stream.says(Text("Hello"))
    stream.finishes()
    await settled()
    [end] = other.ends
    assert isinstance(end, Usage)
    assert other.remembered == [("hi", "Hello")]
