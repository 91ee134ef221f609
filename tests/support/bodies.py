"""Bodies of `streamGenerateContent` responses: cases of ours, and every recording when there are any."""

import json
import os
from pathlib import Path
from typing import Any

from deltawire.gemini.events import Event, Text, ThoughtText
from deltawire.gemini.reading.wire import ResponseReader
from deltawire.protocol.errors import Failure
from support.upstream import answer

EVERY_COUNT = {
    "promptTokenCount": 10,
    "candidatesTokenCount": 2,
    "toolUsePromptTokenCount": 6,
    "cachedContentTokenCount": 3,
    "thoughtsTokenCount": 1,
    "totalTokenCount": 19,
}
"""Usage of which no part is left out, and no two are alike."""

PIECES = (2**24, 1, 7, 4096)


def _sse(*events: Any, end: str = "\r\n\r\n") -> bytes:
    return "".join(f"data: {json.dumps(event, ensure_ascii=False)}{end}" for event in events).encode()


_USAGE = {"promptTokenCount": 4, "candidatesTokenCount": 7, "totalTokenCount": 11}
_ERROR = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}

OURS: dict[str, bytes] = {
    "plain": _sse(answer("Hello"), answer(" world", finish="STOP", usage=_USAGE)),
    "line feeds only": _sse(answer("Hello"), answer(" world", finish="STOP"), end="\n\n"),
    "no blank line at the end": _sse(answer("Hello"), answer(" world", finish="STOP"))[:-4],
    "empty": b"",
    "only blank lines": b"\r\n\r\n\n\n",
    "an empty event": _sse({}, answer("x", finish="STOP")),
    "line separators inside strings": _sse(answer("a\u2028b\u2029c\u0085d", finish="STOP")),
    "every width of UTF-8": _sse(answer("aé€𝄞"), answer("👩‍👩‍👧‍👦", finish="STOP")),
    "escapes": b'data: {"candidates":[{"content":{"parts":[{"text":"\\u00e9\\ud83d\\ude00\\n\\"{["}]},"finishReason":"STOP"}]}\n\n',
    "the word null": _sse(answer("null"), answer("true", finish="STOP")),
    "thoughts": _sse(
        answer("thinking", thought=True, usage={"promptTokenCount": 5, "totalTokenCount": 14, "thoughtsTokenCount": 9}),
        answer("done", finish="STOP", usage={"promptTokenCount": 5, "totalTokenCount": 20, "thoughtsTokenCount": 9}),
    ),
    "thought and text in one event": _sse(
        {
            "candidates": [
                {
                    "content": {"parts": [{"text": "t", "thought": True}, {"text": "a"}, {"text": "b"}]},
                    "finishReason": "STOP",
                }
            ]
        }
    ),
    "a signature at the end": _sse(
        answer("x"),
        {"candidates": [{"content": {"parts": [{"text": "", "thoughtSignature": "c2ln"}]}, "finishReason": "STOP"}]},
    ),
    "parts that are not text": _sse(
        {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": {"text": "no"}}}]}}]},
        {"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}}]},
        answer("yes", finish="STOP"),
    ),
    "missing parts, content, candidates": _sse(
        {"candidates": [{"content": {}}]}, {"candidates": [{}]}, {"candidates": []}, answer("x", finish="STOP")
    ),
    "a finish without text": _sse(
        {"candidates": [{"finishReason": "SAFETY"}], "usageMetadata": {"promptTokenCount": 3}}
    ),
    "an unknown finish": _sse(answer("x", finish="NEWLY_INVENTED")),
    "a finish in every event": _sse(answer("a", finish="STOP"), answer("b", finish="STOP"), answer("c", finish="STOP")),
    "a last word after stop": _sse(answer("a", finish="STOP"), answer("b", finish="MAX_TOKENS")),
    "no finish": _sse(answer("a"), answer("b")),
    "running totals": _sse(
        answer("a", usage={"promptTokenCount": 4, "candidatesTokenCount": 1, "totalTokenCount": 5}),
        answer("b", usage={"promptTokenCount": 4, "candidatesTokenCount": 2, "totalTokenCount": 6}),
        answer("c", finish="STOP", usage={"promptTokenCount": 4, "totalTokenCount": 9}),
    ),
    "totals that reset with tools": _sse(
        answer("a", usage={"promptTokenCount": 90, "candidatesTokenCount": 40, "totalTokenCount": 130}),
        answer(
            "b",
            finish="STOP",
            usage=EVERY_COUNT,
        ),
    ),
    "usage that says nothing": _sse(
        {"candidates": [{"finishReason": "STOP"}], "usageMetadata": {"trafficType": "ON_DEMAND"}}
    ),
    "a refused prompt": _sse(
        {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 8, "totalTokenCount": 8}}
    ),
    "feedback that refuses nothing": _sse({"promptFeedback": {"safetyRatings": []}}, answer("x", finish="STOP")),
    "an error in an event": _sse(answer("a"), _ERROR),
    "a bare error": _sse(answer("a")) + json.dumps(_ERROR, indent=2).encode(),
    "a bare error at once": json.dumps(_ERROR, indent=2).encode(),
    "a whole response, bare": json.dumps(answer('{not} a "brace"', finish="STOP", usage=_USAGE), indent=2).encode(),
    "an event a line, bare": b"\n".join(
        json.dumps(event).encode() for event in (answer("a"), answer("b", finish="STOP"))
    ),
    "an array of events": json.dumps([answer("a"), answer("b", finish="STOP", usage=_USAGE)], indent=1).encode(),
    "an array of events, a line each": b"["
    + b",\r\n".join(json.dumps(e).encode() for e in (answer("a"), answer("b", finish="STOP")))
    + b"]",
    "an event over several data lines": b'data: {"candidates":\r\ndata: [{"content": {"parts": [{"text": "x"}]},\r\ndata: "finishReason": "STOP"}]}\r\n\r\n',
    "comments and fields": b": hello\nevent: message\nid: 1\nretry: 5\n" + _sse(answer("x", finish="STOP")),
    "no space after the colon": b'data:{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}\n\n',
    "broken JSON": _sse(answer("a")) + b'data: {"candidates": [{"content": oops\r\n\r\n',
    "a half event": _sse(answer("a")) + b'data: {"candidates": [{"con',
    "half a character": _sse(answer("aé"))[:-20],
    "HTML": b"<html>\n<body>502 Bad Gateway</body>\n</html>\n",
    "counts as strings and floats": _sse(
        answer("a", finish="STOP", usage={"promptTokenCount": "12", "candidatesTokenCount": 3.0, "totalTokenCount": 15})
    ),
    "numbers that JSON has not": b'data: {"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP","avgLogprobs":-Infinity}]}\n\n',
    "a candidate that is null": _sse({"candidates": [None]}, answer("a", finish="STOP")),
    "an empty error": _sse({**answer("a", finish="STOP"), "error": {}}),
    "a field of the wrong type": _sse({"candidates": "none"}),
}
KINDER: dict[str, bytes] = {
    "usage that is empty at last": _sse(answer("a", usage=_USAGE), {**answer("", finish="STOP"), "usageMetadata": {}}),
    "an array of events in one line": b"["
    + b",".join(json.dumps(e).encode() for e in (answer("a"), answer("b", finish="STOP")))
    + b"]",
    "an array whose brackets share a line": b'[{"candidates":[{"content":{"parts":[{"text":"a"}]}}]\n}, {\n'
    b'"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"}]}\n]\n',
    "an empty event": b"data:\n\n" + _sse(answer("a")) + b"data: \r\n\r\n" + _sse(answer("b", finish="STOP")),
    "a field of tomorrow": b"foo: bar\nretries: 3\n" + _sse(answer("x", finish="STOP")),
    "a byte order mark": b"\xef\xbb\xbf" + _sse(answer("x", finish="STOP")),
    "a word after the finish": _sse(answer("x", finish="STOP")) + b"data: [DONE]\n\n",
    "a part that is null": _sse(
        {"candidates": [{"content": {"parts": [None, {"text": "x"}]}, "finishReason": "STOP"}]}
    ),
    "figures of no known shape": _sse({**answer("x", finish="STOP"), "usageMetadata": ["odd"], "promptFeedback": 7}),
}
"""Bodies that google-genai stumbles over, or reads less in than this server."""
OURS |= KINDER


def recordings() -> dict[str, bytes]:
    """The recorded bodies that are there."""
    folder = os.environ.get("RECORDINGS_DIR")
    files = sorted(Path(folder).glob("**/*.txt")) if folder else []
    return {file.stem: file.read_bytes() for file in files}


def all_bodies() -> dict[str, bytes]:
    return OURS | recordings()


class Reading:
    """The events that a reader found in a body."""

    def __init__(self, body: bytes, cuts: list[int]) -> None:
        reader = ResponseReader()
        events: list[Event] = []
        for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True):
            events += reader.feed(body[start:end])
            if events and isinstance(events[-1], Failure):
                break
        else:
            events += reader.end()
        self.events = events
        self.text = "".join(event.text for event in events if isinstance(event, Text))
        self.thoughts = "".join(event.text for event in events if isinstance(event, ThoughtText))
        self.failure = events[-1].code if events and isinstance(events[-1], Failure) else None
        self.finish_reason = reader.finish_reason
        self.counts = reader.counts

    def summary(self) -> tuple[object, ...]:
        return self.text, self.thoughts, self.failure, self.finish_reason, self.counts
