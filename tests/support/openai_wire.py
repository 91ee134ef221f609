"""OpenAI's wire as its bytes say it, without a client that forgives: each form in which one turn can be asked."""

import json
from typing import Any, Final, NamedTuple

import aiohttp

from deltawire.protocol.frames import ToolCall

FIGURES: Final[dict[str, Any]] = {
    "model": "gemini-flash-latest",
    "finish_reason": "stop",
    "input_tokens": 10,
    "output_tokens": 2,
    "thought_tokens": 1,
    "tool_tokens": 6,
    "cached_tokens": 3,
    "total_tokens": 19,
    "measured": "reported",
    "first_delta_ms": 1,
    "duration_ms": 2,
    "cost_usd": None,
}
"""The figures of a turn."""
CALL: Final = ToolCall("t1", call="x", name="f", arguments={"a": 1})


class Form(NamedTuple):
    """A route, and whether it is asked for a stream."""

    path: str
    stream: bool

    @property
    def body(self) -> dict[str, Any]:
        """A body that asks "hi"."""
        fields = {"input": "hi"} if self.path == "/v1/responses" else {"messages": [{"role": "user", "content": "hi"}]}
        return {**fields, "stream": self.stream}


FORMS: Final = {
    f"{path}{' streamed' if stream else ''}": Form(path, stream)
    for path in ("/v1/chat/completions", "/v1/responses")
    for stream in (False, True)
}


class Answer(NamedTuple):
    """An answer, in whichever form it came."""

    status: int
    text: str
    end: str
    """The code of an error, else the finish reason or the status of the answer."""


async def ask_form(address: str, form: Form) -> Answer:
    """Ask one turn in this form."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://{address}{form.path}", json=form.body) as response,
    ):
        body = (await response.read()).decode()
        if response.content_type == "application/json":
            return Answer(response.status, *_whole(json.loads(body)))
    events = [event for event in body.split("\n\n") if event and not event.startswith(":")]
    return Answer(response.status, *(_of_events(events) if form.path == "/v1/responses" else _of_chunks(events)))


def _whole(answer: dict[str, Any]) -> tuple[str, str]:
    if answer.get("object") == "chat.completion":
        return answer["choices"][0]["message"]["content"] or "", answer["choices"][0]["finish_reason"]
    if answer.get("object") == "response":
        return "".join(part["text"] for item in answer["output"] for part in item.get("content", ())), answer["status"]
    return "", answer["error"]["code"]


def _of_chunks(events: list[str]) -> tuple[str, str]:
    """Read chunks: one end, then `[DONE]`, or an error and nothing after it."""
    data = [event.removeprefix("data: ") for event in events]
    is_done = data[-1] == "[DONE]"
    chunks = [json.loads(line) for line in (data[:-1] if is_done else data)]
    choices = [choice for chunk in chunks for choice in chunk.get("choices", ())]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    ends = [choice["finish_reason"] for choice in choices if choice["finish_reason"]]
    errors = [chunk["error"]["code"] for chunk in chunks if "error" in chunk]
    assert (len(ends), len(errors)) == ((1, 0) if is_done else (0, 1))
    assert is_done or "error" in chunks[-1]
    return text, (ends or errors)[0]


def _of_events(events: list[str]) -> tuple[str, str]:
    """Read events: the last is the end, and an error comes before one that failed."""
    data = [json.loads(event.partition("\ndata: ")[2]) for event in events]
    text = "".join(event["delta"] for event in data if event["type"] == "response.output_text.delta")
    errors = [event["code"] for event in data if event["type"] == "error"]
    end = data[-1]["type"].removeprefix("response.")
    assert (len(errors), end) == (1, "failed") if errors else end in ("completed", "incomplete")
    return text, errors[0] if errors else end
