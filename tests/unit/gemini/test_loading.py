"""The upstream while its client is loaded."""

import asyncio
import errno
from contextlib import AsyncExitStack
from os import strerror
from typing import Any, cast

import pytest
from support.fake_turn import FakeObserver

from deltawire.aio.running_time import RunningTime
from deltawire.chat.attempts import Attempts
from deltawire.chat.clock import TurnClock
from deltawire.chat.deadlines import Deadlines
from deltawire.chat.request import TurnRequest
from deltawire.gemini import loading
from deltawire.gemini.client import GeminiClient
from deltawire.gemini.loading import LoadingUpstream
from deltawire.gemini.stream import GeminiStream
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure


class FakeStream:
    ended = True


STREAM = cast("GeminiStream", FakeStream())


class FakeClient:
    async def open(self, *_: Any) -> GeminiStream:
        return STREAM


class Loads:
    """Loads when it is told to."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.may_end = asyncio.Event()
        self.closed = False
        self._fault = fault

    async def __call__(self, opened: AsyncExitStack) -> GeminiClient:
        opened.callback(self._close)
        await self.may_end.wait()
        if self._fault is not None:
            raise self._fault
        return cast("GeminiClient", FakeClient())

    def _close(self) -> None:
        self.closed = True


async def test_a_turn_that_begins_before_the_client_is_there_waits_for_it() -> None:
    loads, loaded = Loads(), list[object]()
    async with LoadingUpstream(loads, loaded.append) as upstream:
        opening = asyncio.create_task(upstream.open("m", ChatRequest(message="hi"), []))
        readiness = asyncio.create_task(upstream.ready())
        await asyncio.sleep(0)
        assert not opening.done()
        assert not readiness.done()
        loads.may_end.set()
        assert await opening is STREAM
        await readiness
        assert len(loaded) == 1
    assert loads.closed


async def test_the_time_in_which_the_client_is_loaded_is_none_of_the_providers() -> None:
    loads = Loads()
    async with LoadingUpstream(loads, lambda _: None) as upstream:
        deadlines = Deadlines(first_token=0.01, token=0.01, turn=60, retries=0, retry_max_delay=1)
        attempts = Attempts(upstream, TurnClock(deadlines, RunningTime()), cast("Any", FakeObserver()))
        request = TurnRequest(turn="t", caller="", request=ChatRequest(message="hi"), history=[], models=("m",))
        first_events = asyncio.create_task(attempts.first_events(request, lambda _: None))
        await asyncio.sleep(0.05)
        loads.may_end.set()
        assert await first_events == (STREAM, [])


FLOODS = [OSError(errno.EMFILE, "full"), OSError(errno.ENFILE, "full"), ImportError(f"_x.so: {strerror(errno.EMFILE)}")]


@pytest.mark.parametrize("fault", FLOODS, ids=["of the process", "of the machine", "in an import"])
async def test_a_client_for_which_no_descriptor_was_left_is_loaded_when_there_is_one(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(loading, "_PAUSE_SECONDS", 0.0)
    faults = [fault, fault]

    async def load(opened: AsyncExitStack) -> GeminiClient:
        loads = Loads(faults.pop() if faults else None)
        loads.may_end.set()
        return await loads(opened)

    async with LoadingUpstream(load, lambda _: None) as upstream:
        await upstream.ready()
        assert await upstream.open("m", ChatRequest(message="hi"), []) is STREAM
    assert faults == []


async def test_a_client_that_cannot_be_loaded_is_told_as_what_it_is_and_fails_each_turn() -> None:
    loads = Loads(FileNotFoundError("/etc/secret"))
    async with LoadingUpstream(loads, lambda _: None) as upstream:
        loads.may_end.set()
        with pytest.raises(FileNotFoundError):
            await upstream.ready()
        with pytest.raises(Failure) as failed:
            await upstream.open("m", ChatRequest(message="hi"), [])
        assert (failed.value.code, failed.value.cause) == ("upstream_unavailable", "FileNotFoundError")


async def test_a_hang_up_ends_only_its_own_wait() -> None:
    loads = Loads()
    async with LoadingUpstream(loads, lambda _: None) as upstream:
        left = asyncio.create_task(upstream.open("m", ChatRequest(message="hi"), []))
        await asyncio.sleep(0)
        left.cancel()
        loads.may_end.set()
        await upstream.ready()


async def test_a_stop_does_not_wait_for_the_client() -> None:
    loads = Loads()
    async with LoadingUpstream(loads, lambda _: None):
        await asyncio.sleep(0)
    assert loads.closed
