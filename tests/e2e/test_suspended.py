"""A server that was suspended: what came meanwhile lies in its buffers, and nobody is blamed for the silence."""

import asyncio
import signal

from support.client import connected, text_of
from support.process import running_over
from support.upstream import Exchange, Script, Upstream

LONGER_THAN_ITS_DEADLINES = 2.5


def says_in_two(released: asyncio.Event, sent: asyncio.Event, before: str) -> Script:
    """A script that sends a part, which may be empty, and the rest when it is released."""

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        if before:
            await exchange.text(before)
        await released.wait()
        await exchange.text("the rest", finish="STOP", usage={"promptTokenCount": 3, "totalTokenCount": 5})
        await exchange.finish()
        sent.set()

    return script


async def test_the_provider_is_not_blamed_for_the_time_in_which_the_server_was_suspended(upstream: Upstream) -> None:
    released, sent = asyncio.Event(), [asyncio.Event(), asyncio.Event()]
    upstream.plays(says_in_two(released, sent[0], "Hello, "), says_in_two(released, sent[1], ""))
    deadlines = {"token_timeout": "1", "first_token_timeout": "1.5", "retries": "0"}
    async with running_over(upstream, **deadlines) as server, connected(server.address) as client:
        await client.chat(id="streaming")
        assert (await client.receive())["text"] == "Hello, "
        await client.chat(id="waiting")
        await upstream.wait_for_request(2)
        server.process.send_signal(signal.SIGSTOP)
        released.set()
        await asyncio.gather(*(event.wait() for event in sent))
        await asyncio.sleep(LONGER_THAN_ITS_DEADLINES)  # the time itself is what is tested
        server.process.send_signal(signal.SIGCONT)
        frames = [frame for _ in sent for frame in await client.until_end()]
    assert [frame["finish_reason"] for frame in frames if frame["type"] == "usage"] == ["stop", "stop"]
    assert text_of(frames) == "the restthe rest"
