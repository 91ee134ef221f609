"""The answers of the stand-in: they say that there is no model, and show what a client has to show.

They come in markdown, with running usage counts, and with thoughts when the request asks for them. They quote the
conversation to show that the context arrived. With tools, they have sources, citations, code, or a call.
"""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import msgspec

from deltawire.gemini.standin.request import StandInRequest
from deltawire.gemini.standin.samples import sample

_QUOTED_CHARS: Final = 160


def events(request: StandInRequest) -> Iterator[dict[str, Any]]:
    """Yield the stream's events: thoughts, code, the answer word by word, then its sources and the finish."""
    prompt = sum(map(_tokens, request.texts))
    thought = output = 0
    if request.thinks:
        for word in _words(_THOUGHTS):
            thought += 1
            yield _event({"text": word, "thought": True}, prompt, output, thought)
    calls = [] if request.results else [_call(function) for function in request.functions[:1]]
    if "codeExecution" in request.tools and not calls:
        yield _event({"executableCode": {"language": "PYTHON", "code": _CODE}}, prompt, output, thought)
        outcome = {"outcome": "OUTCOME_OK", "output": "1024\n"}
        yield _event({"codeExecutionResult": outcome}, prompt, output, thought)
    text = "" if calls else _answer(request)
    for stop in request.stops:
        text, _, _ = text.partition(stop)
    words = _words(text)
    for word in words[: request.most]:
        output += 1
        yield _event({"text": word}, prompt, output, thought)
    last = _event(calls[0] if calls else {"text": ""}, prompt, output or len(calls), thought)
    last["candidates"][0]["finishReason"] = "STOP" if output == len(words) else "MAX_TOKENS"
    if "googleSearch" in request.tools and not calls:
        last["candidates"][0]["groundingMetadata"] = _grounding("".join(words[: request.most]), request)
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


def _answer(request: StandInRequest) -> str:
    *earlier, question = request.texts
    if request.schema is not None:
        return msgspec.json.format(msgspec.json.encode(sample(request.schema))).decode()
    if request.results:
        results = (f"- `{result['name']}`: `{_quote(_json(result['response']))}`" for result in request.results)
        return "This is the **offline stand-in**. Your functions said:\n\n" + "\n".join(results) + "\n"
    context = f"Before it came {len(earlier)} messages; the first was “{_quote(earlier[0])}”.\n" if earlier else ""
    if len(earlier) > 1:
        context += f"The one just before it was “{_quote(earlier[-1])}”.\n"
    if request.files:
        context += "With it came:\n\n" + "".join(f"- {file.described()}\n" for file in request.files)
    return _ANSWER.format(question=_quote(question), context=context)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _call(function: dict[str, Any]) -> dict[str, Any]:
    """Return a part that calls a function, with arguments that fit its schema."""
    schema = function.get("parametersJsonSchema") or {"type": "object"}
    return {"functionCall": {"name": function["name"], "args": sample(schema) or {}}}


def _grounding(text: str, request: StandInRequest) -> dict[str, Any]:
    """Return the sources of an answer: two pages, each of which some words rest on."""
    query = _quote(request.texts[-1])
    link = f'<a href="https://www.google.com/search?q={quote(query)}" target="_blank">Google would show this</a>'
    supports = [_support(text, words, index) for index, words in enumerate(_CITED) if words in text]
    return {
        "searchEntryPoint": {"renderedContent": f"<style>a {{ font: 14px sans-serif }}</style>{link}"},
        "groundingChunks": [{"web": {"uri": uri, "title": title}} for title, uri in _PAGES],
        "groundingSupports": supports,
        "webSearchQueries": [query],
    }


def _support(text: str, words: str, chunk: int) -> dict[str, Any]:
    start = len(text[: text.index(words)].encode())
    segment = {"startIndex": start, "endIndex": start + len(words.encode()), "text": words}
    return {"segment": segment, "groundingChunkIndices": [chunk]}


_CODE: Final = "print(2**10)"
_CITED: Final = ("no real model is behind it", "It streams like the real one")
_PAGES: Final = (
    ("Gemini API: Grounding with Google Search", "https://ai.google.dev/gemini-api/docs/google-search"),
    ("Gemini API: Text generation", "https://ai.google.dev/gemini-api/docs/text-generation"),
)


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
