"""Calls whose JSON is not strict: each is answered as any other, and the model gets it back in strict JSON."""

from typing import Any

import pytest
from support.client import connected, text_of
from support.functions import TOOLS, calls
from support.serving import sharing
from support.upstream import Upstream, says


async def called_by(upstream: Upstream, *parts: bytes) -> tuple[Any, str]:
    """Let the model send these parts; return the arguments of its one call, and the whole text."""
    upstream.plays(calls(*parts), says("Sunny."))
    async with sharing(upstream) as address, connected(address) as client:
        await client.chat(id="t1", tools=TOOLS)
        frames = [await client.receive()]
        while frames[-1]["type"] != "tool_call":
            assert frames[-1]["type"] == "delta", frames[-1]
            frames.append(await client.receive())
        called = frames[-1]
        await client.send(type="tool_result", id="t1", call=called["call"], result="ok")
        frames += await client.until_end("t1")
    assert frames[-1]["type"] == "usage"
    return called["arguments"], text_of(frames)


@pytest.mark.parametrize(
    "argument, value, sent_back",
    [
        (rb'"a\ud83d"', "a?", b'"a?"'),
        (b"NaN", None, b"null"),
        (b"1e999", None, b"null"),
        (b'"a\xff"', "a\ufffd", '"a\ufffd"'.encode()),
    ],
)
async def test_an_argument_that_is_not_strict_json_does_not_cost_the_call(
    upstream: Upstream, argument: bytes, value: str | None, sent_back: bytes
) -> None:
    part = b'{"functionCall": {"name": "weather", "args": {"city": %b}}, "thoughtSignature": "s"}' % argument
    assert await called_by(upstream, part) == ({"city": value}, "Sunny.")
    strict = b'{"functionCall":{"name":"weather","args":{"city":%b}},"thoughtSignature":"s"}' % sent_back
    assert strict in upstream.exchanges[1].raw_body


async def test_half_a_letter_before_a_call_does_not_cost_the_call(upstream: Upstream) -> None:
    parts = rb'{"text": "Look \ud83d"}, {"functionCall": {"name": "clock", "args": {}}}'
    assert await called_by(upstream, parts) == ({}, "Look ?Sunny.")


async def test_a_letter_in_two_pieces_of_an_argument_is_one_letter(upstream: Upstream) -> None:
    def piece(text: str) -> bytes:
        arguments = f'[{{"jsonPath": "$.city", "stringValue": "{text}"}}]'
        return f'{{"functionCall": {{"partialArgs": {arguments}, "willContinue": true}}}}'.encode()

    begin, end = b'{"functionCall": {"name": "weather", "willContinue": true}}', b'{"functionCall": {}}'
    pieces = [begin, piece("Bern \\ud83d"), piece("\\ude00!"), end]
    assert await called_by(upstream, *pieces) == ({"city": "Bern \U0001f600!"}, "Sunny.")


@pytest.mark.parametrize(
    "calls_in_pieces",
    [
        [
            '{"id": "1", "name": "weather", "partialArgs": [{"jsonPath": "$.city", "stringValue": "Be"}]}',
            '{"id": "1", "name": "weather", "partialArgs": [{"jsonPath": "$.city", "stringValue": "rn"}]}',
        ],
        [
            '{"name": "weather"}',
            '{"partialArgs": [null, {"jsonPath": null}, {"jsonPath": "$.city", "stringValue": "Bern"}]}',
        ],
        [
            '{"name": "weather", "args": {"city": "B"}}',
            '{"partialArgs": [{"jsonPath": "$.city", "stringValue": "ern"}]}',
        ],
    ],
    ids=["each piece names the call", "a piece is null", "the first piece has arguments"],
)
async def test_a_call_in_pieces_is_made_with_all_of_its_arguments(
    upstream: Upstream, calls_in_pieces: list[str]
) -> None:
    pieces = [f'{{"functionCall": {piece[:-1]}, "willContinue": true}}}}'.encode() for piece in calls_in_pieces]
    end = b'{"functionCall": {}}'
    assert await called_by(upstream, *pieces, end) == ({"city": "Bern"}, "Sunny.")


async def test_a_call_without_a_name_is_answered_as_any_other(upstream: Upstream) -> None:
    assert await called_by(upstream, b'{"functionCall": {"name": null, "args": {}}}') == ({}, "Sunny.")


@pytest.mark.parametrize("extra", [b'"id": 7', b'"id": 0', b'"id": 7, "willContinue": true'])
async def test_a_call_whose_id_is_a_number_gets_its_result_with_that_number(upstream: Upstream, extra: bytes) -> None:
    parts = [b'{"functionCall": {"name": "clock", "args": {}, %b}, "thoughtSignature": 5}' % extra]
    if b"willContinue" in extra:
        parts.append(b'{"functionCall": {}}')
    assert await called_by(upstream, *parts) == ({}, "Sunny.")
    number = extra[6:7]
    assert b'"functionResponse":{"id":%b,"name":"clock"' % number in upstream.exchanges[1].raw_body


@pytest.mark.parametrize("strange", [b'"id": {"a": 1}', b'"id": true', b'"id": ""', b'"id": null'])
async def test_a_call_with_an_id_of_no_use_is_answered_as_any_other(upstream: Upstream, strange: bytes) -> None:
    assert await called_by(upstream, b'{"functionCall": {"name": "clock", "args": {}, %b}}' % strange) == (
        {},
        "Sunny.",
    )
