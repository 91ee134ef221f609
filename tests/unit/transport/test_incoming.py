"""The bytes of a socket, read in steps of the event loop."""

import asyncio
import itertools
from typing import Any, cast

from support.siege import frame
from support.virtual_clock import in_virtual_time
from websockets.frames import Frame
from websockets.protocol import State
from websockets.server import ServerProtocol

from deltawire.aio.fair_queue import FairQueue
from deltawire.identity.quota import Quota
from deltawire.transport.incoming import Incoming
from deltawire.transport.intake import Intake, SocketRates
from deltawire.transport.socket_reader import SocketReader


class Socket:
    """A socket whose handler takes each message at once."""

    is_full = False
    is_gone = False

    def __init__(self, fair: FairQueue, caller: str = "alice", frames: int = 10_000) -> None:
        self.taken: list[str] = []
        self.is_reading = True
        self.ended: list[int] = []
        self.transport = cast("Any", self)
        self.conn = conn = ServerProtocol(state=State.OPEN)
        quota = Quota("bytes", "MAX_MEMORY_BYTES", 10_000, 10_000)
        rates = SocketRates(frames=frames, bytes=10**9, arriving=quota, fair=fair)
        self.incoming = Incoming(self, SocketReader(conn, Intake(rates, 2**20, 0.0)), fair)
        self.incoming.caller = caller

    def take(self, received: Any) -> None:
        self.taken.append("control" if isinstance(received, Frame) else received)

    def end(self, code: int, _: str) -> None:
        self.ended.append(code)

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def is_closing(self) -> bool:
        return self.is_gone


async def steps_of(socket: Socket, wanted: int) -> list[int]:
    """Return the number of messages that have been taken after each step of the loop."""
    taken = [len(socket.taken)]
    while len(socket.taken) < wanted or not socket.is_reading:
        await asyncio.sleep(0)
        taken.append(len(socket.taken))
    return taken


def most_in_a_step(taken: list[int]) -> int:
    return max(after - before for before, after in itertools.pairwise([0, *taken]))


@in_virtual_time
async def test_of_many_messages_one_is_taken_in_a_step_and_in_their_order() -> None:
    socket = Socket(FairQueue())
    socket.incoming.add(b"".join(frame(b"%d" % number) for number in range(100)))
    assert not socket.is_reading
    assert most_in_a_step(await steps_of(socket, 100)) == 1
    assert socket.taken == [str(number) for number in range(100)]
    assert socket.is_reading


@in_virtual_time
async def test_nothing_more_is_read_while_what_has_arrived_waits_whatever_the_handler_takes() -> None:
    socket = Socket(FairQueue())
    socket.incoming.add(b"".join(frame(b"%d" % number) for number in range(100)))
    while len(socket.taken) < 99:
        socket.incoming.resume()
        assert not socket.is_reading
        await asyncio.sleep(0)
    await steps_of(socket, 100)
    socket.is_reading = False
    socket.incoming.resume()
    assert socket.is_reading


@in_virtual_time
async def test_one_message_is_taken_at_once_without_a_pause() -> None:
    socket = Socket(FairQueue())
    socket.incoming.add(frame(b"hi"))
    assert socket.taken == ["hi"]
    assert socket.is_reading


@in_virtual_time
async def test_very_many_fragments_and_pings_take_several_steps() -> None:
    socket = Socket(FairQueue(), caller="")
    socket.incoming.add(frame(b"a", 0x01) + frame(b"a", 0x00) * 900 + frame(b"a", 0x80) + frame(b"x", 0x89) * 1_000)
    assert socket.taken == []
    assert most_in_a_step(await steps_of(socket, 1_001)) < 400
    assert socket.taken == ["a" * 902, *["control"] * 1_000]


@in_virtual_time
async def test_what_comes_meanwhile_is_read_after_what_came_before() -> None:
    socket = Socket(FairQueue())
    for start in range(0, 30, 10):
        socket.incoming.add(b"".join(frame(b"%d" % number) for number in range(start, start + 10)))
    await steps_of(socket, 30)
    assert socket.taken == [str(number) for number in range(30)]


@in_virtual_time
async def test_a_message_on_one_socket_does_not_wait_for_those_on_hundreds_of_another_caller() -> None:
    fair = FairQueue()
    sockets = [Socket(fair) for _ in range(300)]
    for socket in sockets:
        socket.incoming.add(frame(b"hi"))
    bob = Socket(fair, caller="bob")
    bob.incoming.add(frame(b"hi"))
    assert bob.taken == ["hi"]
    assert sum(len(socket.taken) for socket in sockets) < 5
    for _ in sockets:
        await asyncio.sleep(0)
    assert all(socket.taken for socket in sockets)


@in_virtual_time
async def test_a_socket_that_is_gone_reads_nothing_more() -> None:
    socket = Socket(FairQueue())
    socket.incoming.add(frame(b"hi") * 10 + frame(b"x" * 70_000)[:-1])
    socket.is_gone = True
    socket.incoming.close()
    for _ in range(20):
        await asyncio.sleep(0)
    assert socket.taken == ["hi"]
    assert socket.ended == [], "nor is anything of it counted"


@in_virtual_time
async def test_too_much_of_an_unfinished_message_ends_the_socket() -> None:
    socket = Socket(FairQueue())
    socket.incoming.add(frame(b"x" * 70_000)[:-1])
    assert socket.ended == [1013]


@in_virtual_time
async def test_a_closed_socket_keeps_nothing_of_an_unfinished_message() -> None:
    socket = Socket(FairQueue())
    socket.incoming.add(frame(b"a" * 5_000)[:-1])
    unfinished = socket.conn.reader.buffer
    assert len(unfinished) == 4_999
    socket.incoming.close()
    assert not unfinished
