"""Gemini's response: bytes in, events out, no I/O.

The body of `:streamGenerateContent?alt=sse` is a series of `data:` events, but an error may stand in
it as bare JSON over several lines, and a proxy may send a whole response that way. Reads cut it
anywhere, inside a UTF-8 sequence too. `tests/gemini/test_wire.py` and the differential test hold
this reader against google-genai's own.
"""

import json
import re
from typing import Any, Final

import msgspec
from msgspec import Struct

from server.errors import Failure
from server.gemini.events import UNKNOWN_COUNTS, Counts, Event, Text, ThoughtText

MAX_EVENT_BYTES: Final = 16 * 2**20

# The structs below are made anew with each chunk and hold no cycles: the collector need not know of them.


class Part(Struct, gc=False):
    """One part of a candidate's content. Calls, code and media are passed over."""

    text: str | None = None
    thought: bool | None = None


class Content(Struct, gc=False):
    """The content of a candidate."""

    parts: list[Part] | None = None


class Candidate(Struct, rename="camel", gc=False):
    """One answer; this server asks for one."""

    content: Content | None = None
    finish_reason: str | None = None


class PromptFeedback(Struct, rename="camel", gc=False):
    """What the provider thought of the prompt."""

    block_reason: str | None = None


class UsageMetadata(Struct, rename="camel", gc=False):
    """Running totals: each object replaces the one before."""

    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    total_token_count: int | None = None


class Response(Struct, rename="camel", gc=False):
    """One event of the stream."""

    candidates: list[Candidate | None] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    error: Any = None


_decode = msgspec.json.Decoder(Response, strict=False).decode
_json_string = re.compile(rb'"(?:[^"\\]|\\.)*"')
_not_a_word = re.compile(r"[^a-z0-9_]")
_field_line = re.compile(rb"(?::|event:|id:|retry:)")


class ResponseReader:
    """Reads the body of one response.

    `feed` takes bytes as they come, `end` takes the end of the body. Both return events; a `Failure`
    is the last of them. Text that arrives together is one event: fewer frames, nothing delayed.
    """

    def __init__(self) -> None:
        """Start at the first byte of a body."""
        self.finish_reason: str | None = None
        self._blocked = False
        self._usage: UsageMetadata | None = None
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._bare: list[bytes] = []
        self._depth = 0
        self._held = 0

    @property
    def counts(self) -> Counts:
        """The provider's last figures."""
        return _counts(self._usage) if self._usage else UNKNOWN_COUNTS

    def feed(self, data: bytes) -> list[Event]:
        """Read on. After a `Failure` nothing more may be fed."""
        events: list[Event] = []
        try:
            if _is_one_event(data) and not (self._line or self._data or self._bare):
                self._take_payload(data[5:], events)
                return events
            *lines, rest = data.split(b"\n")
            for line in lines:
                self._line.append(line)
                self._held += len(line)
                self._take_line(b"".join(self._line), events)
                self._line.clear()
            if rest:
                self._line.append(rest)
                self._held += len(rest)
            if self._held > MAX_EVENT_BYTES:
                raise Failure("upstream_truncated", "The provider sent more in one piece than this server takes.")
        except Failure as failure:
            events.append(failure)
        return events

    def end(self) -> list[Event]:
        """Take the end of the body: what is left of it, then a `Failure` unless the model had finished."""
        events: list[Event] = []
        try:
            self._take_line(b"".join(self._line), events)
            self._take_event(self._bare or self._data, events)
            if self.finish_reason is None:
                raise Failure("blocked" if self._blocked else "upstream_truncated")
        except Failure as failure:
            events.append(failure)
        return events

    def _take_line(self, line: bytes, events: list[Event]) -> None:
        line = line.rstrip()
        if self._bare:
            self._take_bare_line(line, events)
        elif line.startswith(b"data:"):
            self._data.append(line[5:])
        elif not line:
            self._take_event(self._data, events)
        elif not _field_line.match(line):
            # An array's brackets and commas stand between its events.
            line = line.lstrip(b"[, \t")
            if line not in (b"", b"]"):
                self._take_bare_line(line, events)

    def _take_bare_line(self, line: bytes, events: list[Event]) -> None:
        """Gather JSON that stands on lines of its own until its braces balance."""
        self._bare.append(line)
        outside = _json_string.sub(b"", line)
        self._depth += outside.count(b"{") - outside.count(b"}")
        if self._depth <= 0:
            if outside.endswith((b"}]", b"},")):
                self._bare[-1] = line[:-1]
            self._take_event(self._bare, events)
            self._depth = 0

    def _take_event(self, lines: list[bytes], events: list[Event]) -> None:
        self._held = 0
        if not lines:
            return
        payload = b"\n".join(lines)
        lines.clear()
        self._take_payload(payload, events)

    def _take_payload(self, payload: bytes, events: list[Event]) -> None:
        try:
            response = _decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            response = _decode_kindly(payload)
        if response.error:
            raise failure_of(response.error)
        if response.usage_metadata is not None:
            self._usage = response.usage_metadata
        if response.prompt_feedback is not None and response.prompt_feedback.block_reason:
            self._blocked = True
        if response.candidates and response.candidates[0] is not None:
            self._take_candidate(response.candidates[0], events)

    def _take_candidate(self, candidate: Candidate, events: list[Event]) -> None:
        if candidate.content is not None and candidate.content.parts is not None:
            for part in candidate.content.parts:
                if not part.text:
                    continue
                kind = ThoughtText if part.thought else Text
                if events and type(events[-1]) is kind:
                    events[-1] = kind(events[-1].text + part.text)
                else:
                    events.append(kind(part.text))
        if candidate.finish_reason:
            self.finish_reason = _word(candidate.finish_reason)


def _is_one_event(data: bytes) -> bool:
    """Whether this is an event from its first byte to its last, of one line: what most reads bring."""
    ends = data.endswith((b"\n\r\n", b"\n\n"))
    return ends and data.startswith(b"data:") and data.find(b"\n") >= len(data) - 3


def _decode_kindly(payload: bytes) -> Response:
    """Read what Python's JSON takes and msgspec does not: NaN, and halves of surrogate pairs.

    Such a half becomes a question mark: no JSON of ours could hold it.
    """
    try:
        response = msgspec.convert(json.loads(payload), Response, strict=False)
    except (ValueError, RecursionError):
        raise Failure("upstream_truncated", "The provider's answer could not be read.") from None
    for candidate in response.candidates or ():
        for part in (candidate and candidate.content and candidate.content.parts) or ():
            part.text = part.text and part.text.encode(errors="replace").decode()
    return response


def failure_of(error: Any, status: int | None = None, retry_after: float | None = None) -> Failure:
    """The row of the table for an error of the provider's.

    `error` is whatever its `{"error": ...}` holds; `status` and `retry_after` (seconds) are those of the
    HTTP response, when the error was one.
    """
    details = error if isinstance(error, dict) else {}
    code = details.get("code")
    status = status or (code if isinstance(code, int) else 0)
    delay = _retry_delay(details.get("details"))
    reason = details.get("status")
    word = reason if isinstance(reason, str) and re.fullmatch(r"[A-Z_]{1,64}", reason) else ""
    return Failure(
        _code_of(status),
        retry_after=delay if delay is not None else retry_after,
        cause=f"{status} {word}".strip(),
    )


def _code_of(status: int) -> str:
    if status == 429:
        return "upstream_rate_limited"
    if status in (408, 499) or status >= 500 or status == 0:
        return "upstream_unavailable"
    return "upstream_rejected"


def _retry_delay(details: Any) -> float | None:
    """The seconds of a google.rpc.RetryInfo such as {"retryDelay": "34.4s"}."""
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?s", delay):
            return float(delay[:-1])
    return None


def _word(reason: str) -> str:
    """A finish reason as the protocol spells it: `[a-z0-9_]{1,64}`."""
    return _not_a_word.sub("_", reason.lower())[:64]


def _counts(usage: UsageMetadata) -> Counts:
    """The sums of the protocol.

    Google leaves out a count that is 0, and since 2.5 the output's in most events: that one is the
    total less the rest. An object with none of the three says nothing (Vertex sends such).
    """
    prompt, output, total = usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count
    if prompt is None and output is None and total is None:
        return UNKNOWN_COUNTS
    thought = usage.thoughts_token_count or 0
    tool = usage.tool_use_prompt_token_count or 0
    if total is None and prompt is not None and output is not None:
        total = prompt + tool + output + thought
    if output is None and prompt is not None and total is not None:
        output = _rest(total, prompt + tool + thought)
    if prompt is None and output is not None and total is not None:
        prompt = _rest(total, tool + output + thought)
    return Counts(prompt, output, thought, tool, usage.cached_content_token_count or 0, total)


def _rest(total: int, known: int) -> int | None:
    return total - known if total >= known else None
