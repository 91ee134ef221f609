"""Pictures that the model makes, over `/v1`: in the answer, in the next request, and not stored."""

import asyncio
import re
import socket
from base64 import b64encode
from typing import Any

import aiohttp
import openai
import pytest
from openai import AsyncOpenAI
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.responses import Response
from support.files import png
from support.functions import TOOLS, contents_of
from support.identity import API_KEYS, KEYS
from support.made_files import PART, PICTURE, makes
from support.openai_client import openai_client
from support.serving import serving, sharing
from support.transports import listening
from support.upstream import Exchange, Upstream, answer, says

MODEL = "gemini-flash-latest"
DATA = b64encode(PICTURE).decode()
INLINE = {"inlineData": PART["inlineData"]}
URL = f"data:image/png;base64,{DATA}"
IMAGE = {"type": "image_url", "image_url": {"url": URL}}
SOUND = {"inlineData": {"mimeType": "audio/wav", "data": b64encode(b"RIFF").decode()}}
HI: Any = [{"role": "user", "content": "Draw"}]
CALL = {"functionCall": {"id": "f1", "name": "weather", "args": {"city": "Oslo"}}, "thoughtSignature": "c2ln"}


async def files_of(client: AsyncOpenAI) -> Any:
    """The files that the caller has; other tests of the same server may have left some."""
    async with aiohttp.ClientSession() as http, http.get(str(client.base_url).replace("/v1/", "/files")) as listed:
        return (await listed.json())["files"]


async def words_around_a_picture(exchange: Exchange) -> None:
    """An answer of words, a picture, and words again."""
    await exchange.start()
    await exchange.text("Here ")
    made = answer("")
    made["candidates"][0]["content"]["parts"] = [PART]
    await exchange.event(made)
    await exchange.text("it is.", finish="STOP", usage={"promptTokenCount": 3, "totalTokenCount": 3})
    await exchange.finish()


async def completion_of(client: AsyncOpenAI, *, stream: bool, **options: Any) -> Any:
    """The message of an answer as the client has it, whole or of a stream."""
    fields: Any = {"model": MODEL, "messages": HI, **options}
    if not stream:
        return (await client.chat.completions.create(**fields)).choices[0].message
    state = ChatCompletionStreamState()
    async for chunk in await client.chat.completions.create(**fields, stream=True):
        state.handle_chunk(chunk)
    return state.get_final_completion().choices[0].message


async def response_of(client: AsyncOpenAI, *, stream: bool, **options: Any) -> Response:
    """A response as the client has it, whole or of a stream."""
    fields: Any = {"model": MODEL, "input": HI, "store": False, **options}
    if not stream:
        whole: Response = await client.responses.create(**fields)
        return whole
    async with client.responses.stream(**fields) as events:
        return await events.get_final_response()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_completion_has_the_pictures_in_its_message_and_none_is_stored(
    upstream: Upstream, client: AsyncOpenAI, *, stream: bool
) -> None:
    before = await files_of(client)
    upstream.plays(makes(PART, PART), says("Hello"))
    message = await completion_of(client, stream=stream)
    assert message.content == "Here it is."
    assert message.images == [{**IMAGE, "index": 0}, {**IMAGE, "index": 1}]
    assert await files_of(client) == before
    assert "images" not in (await completion_of(client, stream=stream)).model_dump()


async def test_a_picture_is_one_delta_of_a_stream(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.plays(words_around_a_picture)
    stream = await client.chat.completions.create(model=MODEL, messages=HI, stream=True)
    deltas = [chunk.choices[0].delta.model_dump(exclude_unset=True) async for chunk in stream]
    assert deltas == [
        {"role": "assistant", "content": ""},
        {"content": "Here "},
        {"images": [{**IMAGE, "index": 0}]},
        {"content": "it is."},
        {},
    ]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_response_has_a_picture_in_its_place_among_the_items_and_none_is_stored(
    upstream: Upstream, client: AsyncOpenAI, *, stream: bool
) -> None:
    before_it = await files_of(client)
    upstream.plays(words_around_a_picture)
    response = await response_of(client, stream=stream)
    assert [item.type for item in response.output] == ["message", "image_generation_call", "message"]
    before, picture, after = (item.model_dump(exclude_unset=True) for item in response.output)
    assert (before["content"][0]["text"], after["content"][0]["text"]) == ("Here ", "it is.")
    assert picture["id"].startswith("ig_")
    assert picture == {"type": "image_generation_call", "id": picture["id"], "status": "completed", "result": DATA}
    assert (response.status, response.output_text) == ("completed", "Here it is.")
    assert await files_of(client) == before_it


async def test_the_item_of_a_picture_is_added_then_done(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.plays(makes(PART, text="Look:"))
    stream = await client.responses.create(model=MODEL, input=HI, store=False, stream=True)
    events = [
        event.model_dump(include={"type", "output_index", "item"}, exclude_unset=True)
        async for event in stream
        if event.type in ("response.output_item.added", "response.output_item.done") and event.output_index == 1
    ]
    added, done = events
    assert (added["type"], done["type"]) == ("response.output_item.added", "response.output_item.done")
    assert (added["item"]["status"], added["item"]["result"]) == ("in_progress", None)
    assert done["item"] == {**added["item"], "status": "completed", "result": DATA}


@pytest.mark.parametrize("stream", [False, True])
async def test_sound_is_left_out_of_an_answer(upstream: Upstream, client: AsyncOpenAI, *, stream: bool) -> None:
    before = await files_of(client)
    upstream.plays(makes(SOUND, PART), makes(SOUND))
    message = await completion_of(client, stream=stream)
    assert (message.content, len(message.images)) == ("Here it is.", 1)
    assert [item.type for item in (await response_of(client, stream=stream)).output] == ["message"]
    assert await files_of(client) == before


async def test_the_pictures_of_an_answer_that_comes_back_are_given_to_the_model(
    upstream: Upstream, client: AsyncOpenAI
) -> None:
    upstream.plays(makes(PART), says("Yes."), makes(PART), says("Yes."))
    message: Any = (await completion_of(client, stream=False)).model_dump()
    question: Any = {"role": "user", "content": "Bluer?"}
    await completion_of(client, stream=False, messages=[*HI, message, question])
    output: Any = [item.model_dump() for item in (await response_of(client, stream=False)).output]
    await response_of(client, stream=False, input=[*HI, *output, question])
    for exchange in (upstream.exchanges[1], upstream.exchanges[3]):
        assert contents_of(exchange) == [
            {"role": "user", "parts": [{"text": "Draw"}]},
            {"role": "model", "parts": [{"text": "Here it is."}]},
            {"role": "user", "parts": [INLINE]},
            {"role": "user", "parts": [{"text": "Bluer?"}]},
        ]


async def test_an_answer_with_calls_comes_back_with_its_own_parts_and_no_second_picture(
    upstream: Upstream, client: AsyncOpenAI
) -> None:
    upstream.plays(makes(PART, CALL), says("Cold."))
    tools: Any = [{"type": "function", **tool} for tool in TOOLS]
    output: Any = [item.model_dump() for item in (await response_of(client, stream=False, tools=tools)).output]
    assert [item["type"] for item in output] == ["message", "image_generation_call", "function_call"]
    result = {"type": "function_call_output", "call_id": output[-1]["call_id"], "output": "-3"}
    await response_of(client, stream=False, tools=tools, input=[*HI, *output, result])
    _, step, _ = contents_of(upstream.exchanges[1])
    assert step == {"role": "model", "parts": [{"text": "Here it is."}, PART, CALL]}


async def test_a_picture_that_cannot_be_given_back_is_refused_by_name(client: AsyncOpenAI) -> None:
    far = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    for message, field in (
        ({"role": "assistant", "content": "", "images": [far]}, "messages[0].images[0].image_url.url"),
        ({"role": "system", "content": "", "images": [IMAGE]}, "messages[0].images[0].image_url.url"),
        ({"role": "assistant", "content": "", "images": [{}]}, "messages[0].images[0].image_url"),
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            await completion_of(client, stream=False, messages=[message, *HI])
        assert refused.value.param == field
    with pytest.raises(openai.BadRequestError) as refused:
        await response_of(
            client, stream=False, input=[{"type": "image_generation_call", "id": "ig_1", "result": "*"}, *HI]
        )
    assert refused.value.param == "input[0].result"


async def test_a_client_that_asks_for_pictures_and_text_is_answered(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.plays(makes(PART))
    message = await completion_of(client, stream=False, modalities=["image", "text"])
    assert len(message.images) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_the_pictures_of_an_answer_count_for_the_memory_of_their_caller(
    upstream: Upstream, *, stream: bool
) -> None:
    large = {"inlineData": {"mimeType": "image/png", "data": b64encode(png(more=b"x" * 200_000)).decode()}}
    upstream.plays(makes(large), makes(large, large, large))
    settings: dict[str, Any] = {
        "api_keys": API_KEYS,
        "max_memory_bytes_per_caller": 700_000,
        "max_parts_bytes": 1,
        "retries": 0,
    }
    async with serving(upstream, **settings) as address, openai_client(address, KEYS["alice"]) as client:
        assert len((await completion_of(client, stream=stream)).images) == 1
        with pytest.raises(openai.APIError) as refused:
            await completion_of(client, stream=stream)
    assert refused.value.code == "rate_limited"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/chat/completions streamed"])
async def test_a_large_picture_comes_whole_to_a_client_that_reads_slowly(upstream: Upstream, path: str) -> None:
    data = b64encode(png(more=b"x" * 8_000_000)).decode()
    upstream.plays(makes({"inlineData": {"mimeType": "image/png", "data": data}}))
    async with sharing(upstream, send_timeout=2) as address:
        listener = await listening(address, path)
        listener.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
        answer = bytearray()
        async with asyncio.timeout(30):
            while not (b"[DONE]" in answer[-600:] or b'"usage":{' in answer[-600:]):
                piece = await listener.reader.read(2**16)
                assert piece, "the server has cut the answer"
                answer += piece
                await asyncio.sleep(0.03)
        listener.close()
    assert len(answer) > len(data)
    assert re.sub(rb"\r\n[0-9a-f]+\r\n", b"", bytes(answer)).count(data.encode()) == 1
