"""Whatever is sent gets an answer of the protocol's, and the server goes on."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.bodies import OURS, Reading
from support.client import connected, text_of
from support.serving import serving
from support.transports import TRANSPORTS, post
from support.upstream import Upstream, plays_body, says

from deltawire.protocol.errors import TABLE

REAL = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(
    ["type", "message", "id", "model", "system", "history", "temperature", "top_p", "stop", "thinking", "other"]
)
frames = st.dictionaries(fields, json_values | st.sampled_from(["chat", "cancel", "hi", "t1", 0.5]), max_size=6)


@pytest.fixture(scope="class")
async def served() -> AsyncIterator[tuple[Upstream, str]]:
    """For one test alone, and all of its examples: what one leaves running may reach the upstream a little later."""
    async with (
        Upstream() as upstream,
        serving(upstream, retries=0, max_frames_per_second=100_000, max_handshakes_per_minute=100_000) as address,
    ):
        yield upstream, address


def check_error(error: dict[str, Any]) -> None:
    row = TABLE[error["code"]]
    assert error["retryable"] is row.retryable
    assert error["message"]


@REAL
@given(st.lists(st.binary(max_size=100) | st.text(max_size=100) | frames.map(json.dumps), max_size=5))
async def test_anything_up_the_socket_is_answered_and_the_socket_lives(
    served: tuple[Upstream, str], messages: list[bytes | str]
) -> None:
    upstream, address = served
    upstream.plays(says("Hello"))
    async with connected(address) as client:
        for message in messages:
            await client.socket.send(message)
            if isinstance(message, str) and _cancels_everything(message):
                continue  # there is nothing to cancel, and nothing to say of it
            end = (await client.until_end())[-1]
            if end["type"] == "error":
                check_error(end)
        assert text_of(await client.ask(id="last")) == "Hello"


def _cancels_everything(message: str) -> bool:
    try:
        frame = json.loads(message)
    except ValueError:
        return False
    return frame in ({"type": "cancel"}, {"type": "cancel", "id": None})


@REAL
@given(body=st.binary(max_size=200) | frames.map(lambda frame: json.dumps(frame).encode()))
@pytest.mark.parametrize("path", ["/chat", "/chat/stream"])
async def test_anything_posted_is_answered(served: tuple[Upstream, str], path: str, body: bytes) -> None:
    upstream, address = served
    upstream.plays(says("Hello"))
    status, answer, _ = await post(address, path, body)
    if status != 200:
        assert 400 <= status < 500
        check_error(answer)
        # What an earlier example has left may reach the upstream only now.
        assert _message_of(body) not in [exchange.texts[-1] for exchange in upstream.exchanges]


def _message_of(body: bytes) -> object:
    try:
        frame = json.loads(body)
    except ValueError:
        return None
    return frame.get("message") if isinstance(frame, dict) else None


@REAL
@given(data=st.data())
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_body_cut_anywhere_is_the_same_answer(
    served: tuple[Upstream, str], transport: str, data: st.DataObject
) -> None:
    upstream, address = served
    body = OURS[data.draw(st.sampled_from(sorted(OURS)))]
    upstream.plays(plays_body(body, data.draw(st.integers(1, 200))))
    *pieces, end = await TRANSPORTS[transport](address)
    expected = Reading(body, [])
    assert text_of(pieces) == expected.text
    assert end.get("code", end.get("finish_reason")) == (expected.failure or expected.finish_reason)
