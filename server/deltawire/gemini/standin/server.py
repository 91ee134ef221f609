"""The offline stand-in: a server on loopback with Gemini's HTTP API and no model, for use without a key.

Its answers say that there is no model. They come at reading speed, in markdown, with running usage counts, and with
thoughts when the request asks for them. They quote the conversation to show that the context arrived.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Any, Final, Self

import msgspec
import structlog
from aiohttp import web

log = structlog.get_logger(__name__)

_SECONDS_A_WORD: Final = 0.03
_SECONDS_TO_FIRST_WORD: Final = 0.25
_MAX_BODY_BYTES: Final = 64 * 2**20
_QUOTED_CHARS: Final = 160


class StandIn:
    """An HTTP server on a free loopback port, as a context manager; `url` is its address."""

    def __init__(self) -> None:
        """Prepare; nothing listens before the context is entered."""
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        app.router.add_post("/{version}/models/{model}:streamGenerateContent", _stream)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        self.url = ""

    async def __aenter__(self) -> Self:
        """Listen."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, and cut the running streams."""
        await self._runner.cleanup()


class Conversation(msgspec.Struct, frozen=True):
    """The parts of a request that the stand-in reads."""

    texts: list[str]
    """The messages, oldest first."""
    thinks: bool
    """True when the request asks for thoughts."""
    most: int | None
    """The most tokens that the answer may have; each word counts as one."""
    stops: list[str]
    """Strings at which the answer ends."""


async def _stream(request: web.Request) -> web.StreamResponse:
    try:
        conversation = _read(msgspec.json.decode(await request.read()))
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        error = {"code": 400, "message": "This is not a request that Gemini knows.", "status": "INVALID_ARGUMENT"}
        return web.json_response({"error": error}, status=400)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    sent = 0
    try:
        await asyncio.sleep(_SECONDS_TO_FIRST_WORD)
        for event in _events(conversation):
            await response.write(b"data: " + msgspec.json.encode(event) + b"\r\n\r\n")
            sent += 1
            await asyncio.sleep(_SECONDS_A_WORD)
        await response.write_eof()
    except (asyncio.CancelledError, ConnectionError):
        log.info("stand-in: stream closed by its reader", events_sent=sent)
        raise
    log.info("stand-in: stream sent to its end", events_sent=sent)
    return response


def _read(body: Any) -> Conversation:
    texts = ["".join(part.get("text", "") for part in content["parts"]) for content in body["contents"]]
    if not texts:
        raise KeyError("contents")
    config = body.get("generationConfig", {})
    thinks = bool(config.get("thinkingConfig", {}).get("includeThoughts"))
    return Conversation(texts, thinks, config.get("maxOutputTokens"), config.get("stopSequences") or [])


def _events(conversation: Conversation) -> Iterator[dict[str, Any]]:
    """Yield the stream's events: thoughts, the answer word by word, then the finish."""
    prompt = sum(map(_tokens, conversation.texts))
    thought = output = 0
    if conversation.thinks:
        for word in _words(_THOUGHTS):
            thought += 1
            yield _event({"text": word, "thought": True}, prompt, output, thought)
    answer = _answer(conversation)
    for stop in conversation.stops:
        answer, _, _ = answer.partition(stop)
    words = _words(answer)
    for word in words[: conversation.most]:
        output += 1
        yield _event({"text": word}, prompt, output, thought)
    last = _event({"text": ""}, prompt, output, thought)
    last["candidates"][0]["finishReason"] = "STOP" if output == len(words) else "MAX_TOKENS"
    yield last


def _event(part: dict[str, Any], prompt: int, output: int, thought: int) -> dict[str, Any]:
    usage = {"promptTokenCount": prompt, "totalTokenCount": prompt + output + thought}
    if output:
        usage["candidatesTokenCount"] = output
    if thought:
        usage["thoughtsTokenCount"] = thought
    return {
        "candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}],
        "usageMetadata": usage,
        "modelVersion": "offline",
    }


def _words(text: str) -> list[str]:
    return re.findall(r"\S+\s*|\s+", text)


def _tokens(text: str) -> int:
    """Return a token count of the right order of magnitude."""
    return max(1, len(text) // 4)


def _quote(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUOTED_CHARS else line[: _QUOTED_CHARS - 1] + "…"


def _answer(conversation: Conversation) -> str:
    *earlier, question = conversation.texts
    context = f"Before it came {len(earlier)} messages; the first was “{_quote(earlier[0])}”.\n" if earlier else ""
    if len(earlier) > 1:
        context += f"The one just before it was “{_quote(earlier[-1])}”.\n"
    return _ANSWER.format(question=_quote(question), context=context)


_THOUGHTS: Final = "**Reading the question**\n\nThere is no model here, so there is little to think about.\n"

_ANSWER: Final = """\
This is the **offline stand-in**: no real model is behind it. You said “{question}”.
{context}
It streams like the real one, so that everything around it can be tried:

| part | what it shows |
| --- | --- |
| this table | markdown while it is unfinished |
| the code below | a block with a language |

```python
def greet(name: str) -> str:
    return f"Hello, {{name}}!"
```

To talk to a real model, set `GEMINI_API_KEY` and start the server again.
"""
