"""Pictures, sound and documents over `/v1`: asked with inline, and not stored."""

import json
from base64 import b64encode
from typing import Any

import aiohttp
import openai
import pytest
from openai import AsyncOpenAI
from support.files import png
from support.functions import TOOLS, contents_of
from support.openai_client import openai_client
from support.serving import sharing
from support.upstream import Upstream, says

from deltawire.routes import bodies

MODEL = "gemini-flash-latest"
PICTURE = b64encode(png()).decode()
AS_URL = f"data:image/jpeg;base64,{PICTURE}"
"""Clients take one type of picture for another: the bytes say what it is."""
INLINE = {"inlineData": {"mimeType": "image/png", "data": PICTURE}}
SPLIT = "data:image/png;base64," + "QUI=" * 65_537
"""Base64 that ends more than once."""
SCHEMA = {"type": "object", "properties": {"colour": {"type": "string"}}}


async def files_of(client: AsyncOpenAI) -> Any:
    """The files that the caller has; other tests of the same server may have left some."""
    async with aiohttp.ClientSession() as http, http.get(str(client.base_url).replace("/v1/", "/files")) as listed:
        return (await listed.json())["files"]


def shown(*parts: dict[str, Any], text: str = "Which colour?") -> Any:
    return [{"role": "user", "content": [*parts, *([{"type": "text", "text": text}] if text else [])]}]


async def test_a_picture_is_asked_with_beside_functions_and_a_schema(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.plays(says('{"colour": "red"}'), says("Red."))
    format_: Any = {"type": "json_schema", "json_schema": {"name": "colour", "schema": SCHEMA}}
    before = await files_of(client)
    messages = shown({"type": "image_url", "image_url": {"url": AS_URL, "detail": "low"}})
    tools: Any = [{"type": "function", "function": tool} for tool in TOOLS]
    answer = await client.chat.completions.create(model=MODEL, messages=messages, tools=tools, response_format=format_)
    text = answer.choices[0].message.content
    assert json.loads(text or "") == {"colour": "red"}
    [content] = contents_of(upstream.exchanges[0])
    assert content["parts"] == [INLINE, {"text": "Which colour?"}]
    assert upstream.exchanges[0].body["generationConfig"]["responseJsonSchema"] == SCHEMA
    again: Any = [*messages, {"role": "assistant", "content": text}, {"role": "user", "content": "Sure?"}]
    await client.chat.completions.create(model=MODEL, messages=again)
    assert contents_of(upstream.exchanges[1])[0]["parts"] == [INLINE, {"text": "Which colour?"}]
    assert await files_of(client) == before


async def test_a_response_takes_a_picture_and_a_document(upstream: Upstream, client: AsyncOpenAI) -> None:
    notes = b64encode(b"a,b\n1,2\n").decode()
    given: Any = [
        {
            "role": "user",
            "content": [
                {"type": "input_image", "image_url": AS_URL, "detail": "auto"},
                {"type": "input_file", "filename": "notes.csv", "file_data": notes},
            ],
        }
    ]
    await client.responses.create(model=MODEL, input=given, store=False)
    [content] = contents_of(upstream.exchanges[0])
    assert content["parts"] == [INLINE, {"inlineData": {"mimeType": "text/csv", "data": notes}}]


async def test_a_file_of_this_server_and_one_inline_are_asked_together(upstream: Upstream, client: AsyncOpenAI) -> None:
    root = str(client.base_url).removesuffix("/v1/")
    async with aiohttp.ClientSession() as http:
        headers = {"Content-Type": "text/plain"}
        async with http.post(f"{root}/files?name=notes.txt", data=b"kept", headers=headers) as sent:
            name = (await sent.json())["id"]
    wave = b64encode(b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0data\0\0\0\0").decode()
    sound = {"type": "input_audio", "input_audio": {"data": wave, "format": "wav"}}
    messages = shown(sound, {"type": "file", "file": {"file_id": name}})
    await client.chat.completions.create(
        model=MODEL, messages=[*messages, {"role": "assistant", "content": "Hm."}, *shown(sound, text="And?")]
    )
    await client.chat.completions.create(model=MODEL, messages=messages)
    kept = {"inlineData": {"mimeType": "text/plain", "data": b64encode(b"kept").decode()}}
    sound_part = {"inlineData": {"mimeType": "audio/wav", "data": wave}}
    parts = [[part for content in contents_of(each) for part in content["parts"]] for each in upstream.exchanges]
    assert parts[0] == [sound_part, kept, {"text": "Which colour?"}, {"text": "Hm."}, sound_part, {"text": "And?"}]
    assert parts[1] == [sound_part, kept, {"text": "Which colour?"}]


@pytest.mark.parametrize(
    "part, code, field",
    [
        ({"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}, "invalid_frame", "image_url.url"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,*"}}, "invalid_frame", "image_url.url"),
        ({"type": "image_url", "image_url": {"url": SPLIT}}, "invalid_frame", "image_url.url"),
        ({"type": "image_url"}, "invalid_frame", "image_url"),
        ({"type": "file", "file": {"file_data": "TVqQAAMAAAA="}}, "unsupported", "file.file_data"),
        ({"type": "file", "file": {"filename": "a"}}, "invalid_frame", "file"),
        ({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}, "invalid_file", "input_audio.data"),
    ],
)
async def test_a_file_that_cannot_be_asked_with_is_refused_by_name(
    client: AsyncOpenAI, part: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        await client.chat.completions.create(model=MODEL, messages=shown(part))
    assert (refused.value.code, refused.value.param) == (code, f"messages[0].content[0].{field}")


async def test_a_file_that_is_not_here_is_refused_by_its_path_in_the_request(client: AsyncOpenAI) -> None:
    part = {"type": "file", "file": {"file_id": "0" * 24}}
    content: Any = [{"type": "input_text", "text": "Look:"}, {"type": "input_image", "file_id": "0" * 24}]
    with pytest.raises(openai.NotFoundError) as refused:
        await client.chat.completions.create(model=MODEL, messages=shown({"type": "text", "text": "Look:"}, part, part))
    with pytest.raises(openai.NotFoundError) as refused_too:
        await client.responses.create(model=MODEL, input=[{"role": "user", "content": content}], stream=True)
    assert (refused.value.code, refused.value.param) == ("not_found", "messages[0].content[1].file.file_id")
    assert (refused_too.value.code, refused_too.value.param) == ("not_found", "input[0].content[1].file_id")


async def test_pictures_may_be_as_large_as_a_file_beside_a_frame(upstream: Upstream) -> None:
    settings: dict[str, Any] = {"retries": 0, "max_file_bytes": 400_000, "max_frame_bytes": 10_000}
    large = png(more=b"x" * 390_000)

    def of(picture: bytes) -> dict[str, Any]:
        return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{b64encode(picture).decode()}"}}

    async with sharing(upstream, **settings) as address, openai_client(address) as client:
        await client.chat.completions.create(model=MODEL, messages=shown(of(large)))
        [content] = contents_of(upstream.exchanges[0])
        assert content["parts"][0]["inlineData"] == {"mimeType": "image/png", "data": b64encode(large).decode()}
        for sentence, messages in (
            ("see MAX_FILE_BYTES.", shown(of(png(more=b"x" * 401_000)))),
            ("see MAX_FRAME_BYTES and MAX_FILE_BYTES.", shown(of(large), of(large))),
            ("see MAX_FRAME_BYTES.", shown(of(png()), text="x" * 20_000)),
        ):
            with pytest.raises(openai.APIStatusError) as refused:
                await client.chat.completions.create(model=MODEL, messages=messages)
            assert (refused.value.status_code, refused.value.code) == (413, "message_too_large")
            assert refused.value.body["message"].endswith(sentence)
    assert len(upstream.exchanges) == 1


async def test_a_body_with_files_may_not_hold_more_values_than_a_small_one_can(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MAX_VALUES", 100)
    parameters = {"type": "object", "of": [[] for _ in range(5_000)]}
    tools: Any = [{"type": "function", "function": {"name": "f", "parameters": parameters}}]
    settings: dict[str, Any] = {"retries": 0, "max_file_bytes": 400_000, "max_frame_bytes": 10_000}
    async with sharing(upstream, **settings) as address, openai_client(address) as client:
        with pytest.raises(openai.APIStatusError) as refused:
            await client.chat.completions.create(model=MODEL, messages=shown(), tools=tools)
    assert refused.value.status_code == 413
    assert "100 values" in refused.value.message


async def test_only_the_user_has_files(client: AsyncOpenAI) -> None:
    message: Any = shown({"type": "image_url", "image_url": {"url": AS_URL}})[0]
    with pytest.raises(openai.BadRequestError) as refused:
        await client.chat.completions.create(model=MODEL, messages=[message | {"role": "system"}])
    assert refused.value.param == "messages[0].content[0].image_url.url"
