"""Runs of two servers that share a Valkey: heard and cut behind one nginx, and lost with a server that is killed."""

import asyncio
import random
from pathlib import Path

from support.client import Frame, connected, text_of
from support.ports import free_port as another_port
from support.process import running_over
from support.proxies import nginx
from support.redis import RedisServer
from support.upstream import AT_ONCE, Exchange, Upstream, says_and_is_silent

PIECES = [f"piece {number} " for number in range(20)]


async def speaks(exchange: Exchange) -> None:
    """An answer in pieces that take their time."""
    await exchange.start()
    for piece in PIECES:
        await exchange.text(piece)
        await asyncio.sleep(0.01)
    await exchange.text("", finish="STOP")
    await exchange.finish()


async def test_a_link_that_is_cut_again_and_again_behind_a_proxy_loses_no_frame_at_any_replica(
    upstream: Upstream, redis: RedisServer, tmp_path: Path
) -> None:
    upstream.plays(speaks)
    async with (
        running_over(upstream, redis_url=redis.url) as first,
        running_over(upstream, redis_url=redis.url) as second,
        nginx(tmp_path, another_port(), first.address, second.address) as front,
    ):
        for number in range(6):
            received: list[Frame] = []
            async with front.connected():  # nginx gives the next socket to the server that has fewest
                while not received or received[-1]["type"] not in ("usage", "error"):
                    async with front.connected() as client:
                        if received:
                            await client.send(type="resume", run=received[0]["run"], after=received[-1]["seq"])
                        else:
                            await client.chat(id=f"t{number}", grace=30)
                        for _ in range(random.randrange(8)):
                            received.append(await client.receive())
                            if received[-1]["type"] in ("usage", "error"):
                                break
                        client.socket.transport.abort()
            assert text_of(received) == "".join(PIECES)
            numbers = [frame["seq"] for frame in received]
            assert numbers == sorted(set(numbers))
            assert received[-1]["finish_reason"] == "stop"
        assert len(upstream.exchanges) == 6
        assert "resumed" in first.output
        assert "resumed" in second.output


async def test_the_runs_of_a_server_that_is_killed_are_gone_at_once_at_the_others(
    upstream: Upstream, redis: RedisServer
) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with (
        running_over(upstream, redis_url=redis.url) as first,
        running_over(upstream, redis_url=redis.url) as second,
        connected(first.address) as asker,
        connected(second.address) as listener,
        connected(second.address) as other,
    ):
        await asker.chat(id="t1", grace=60)
        run = (await asker.receive())["run"]
        await listener.send(type="resume", run=run)
        assert [(await listener.receive())["type"] for _ in range(2)] == ["started", "delta"]
        first.process.kill()
        await other.send(type="resume", run=run)
        async with asyncio.timeout(AT_ONCE):  # the promise is a second
            for refused in (await listener.until_end(), await other.until_end()):
                assert (refused[-1]["code"], refused[-1]["retryable"]) == ("gone", False)
        await other.chat(id="t1", grace=60)
        assert (await other.receive())["run"] != run, "the same chat asks again"
