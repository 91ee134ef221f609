"""Gemini's response: bytes in, events out, no I/O.

The body of `:streamGenerateContent?alt=sse` is a series of `data:` events, but an error may stand in
it as bare JSON over several lines, and a proxy may send a whole response that way. Reads cut it
anywhere, inside a UTF-8 sequence too. `tests/unit/gemini/test_wire.py` and the differential test hold
this reader against google-genai's own.
"""

import json
import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from deltawire.gemini.events import UNKNOWN_COUNTS, Counts, Event, Text, ThoughtText
from deltawire.gemini.faults import failure_of
from deltawire.protocol.errors import Failure

MAX_EVENT_BYTES: Final = 16 * 2**20

Count = Annotated[int, Meta(ge=0, le=2**53)]

# The structs below are made anew with each chunk and hold no cycles: the collector need not know of them.


class Part(Struct, gc=False):
    """One part of a candidate's content. Calls, code and media are passed over."""

    text: str | None = None
    thought: bool | None = None


class Content(Struct, gc=False):
    """The content of a candidate."""

    parts: list[Part | None] | None = None


class Candidate(Struct, rename="camel", gc=False):
    """One answer; this server asks for one."""

    content: Content | None = None
    finish_reason: str | None = None


class PromptFeedback(Struct, rename="camel", gc=False):
    """What the provider thought of the prompt."""

    block_reason: str | None = None


class UsageMetadata(Struct, rename="camel", gc=False):
    """Running totals: each object replaces the one before."""

    prompt_token_count: Count | None = None
    candidates_token_count: Count | None = None
    thoughts_token_count: Count | None = None
    tool_use_prompt_token_count: Count | None = None
    cached_content_token_count: Count | None = None
    total_token_count: Count | None = None


class Response(Struct, rename="camel", gc=False):
    """One event of the stream."""

    candidates: list[Candidate | None] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    error: Any = None


_decode = msgspec.json.Decoder(Response, strict=False).decode
_decode_several = msgspec.json.Decoder(list[Response], strict=False).decode
# Possessive: what could be taken back would be remembered, a hundred bytes for each.
_json_string = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_not_a_word = re.compile(r"[^a-z0-9_]")
_field_line = re.compile(rb"[A-Za-z]*:")
"""Of server-sent events; which there are besides `data` is no concern of ours."""
_BOM: Final = b"\xef\xbb\xbf"


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
            self._take_bare(events)
            self._take_event(events)
            if self.finish_reason is None:
                raise Failure("blocked" if self._blocked else "upstream_truncated")
        except Failure as failure:
            events.append(failure)
        return events

    def _take_line(self, line: bytes, events: list[Event]) -> None:
        line = line.rstrip().removeprefix(_BOM)
        if self._bare:
            self._take_bare_line(line, events)
        elif line.startswith(b"data:"):
            self._data.append(line[5:])
        elif not line:
            self._take_event(events)
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
            self._take_bare(events)

    def _take_bare(self, events: list[Event]) -> None:
        """Take the objects that were gathered; most often it is one."""
        if not self._bare:
            return
        payload = b"\n".join(self._bare)
        self._bare.clear()
        self._depth = self._held = 0
        try:
            responses = _decode_several(b"[%b]" % payload)
        except _UNREADABLE:
            self._take_payload(payload, events)
        else:
            for response in responses:
                self._take_response(response, events)

    def _take_event(self, events: list[Event]) -> None:
        self._held = 0
        if not self._data:
            return
        payload = b"\n".join(self._data)
        self._data.clear()
        self._take_payload(payload, events)

    def _take_payload(self, payload: bytes, events: list[Event]) -> None:
        try:
            response = _decode(payload)
        except _UNREADABLE:
            said = payload.strip()
            if not said or (self.finish_reason is not None and not said.startswith(b"{")):
                return  # a word of the transport's, such as [DONE]; half an event is one that was cut
            response = _decode_kindly(payload)
        self._take_response(response, events)

    def _take_response(self, response: Response, events: list[Event]) -> None:
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
                if part is None or not part.text:
                    continue
                kind = ThoughtText if part.thought else Text
                # PostgreSQL holds no U+0000: what is shown is what will be read again.
                text = part.text.replace("\0", "\ufffd")
                if events and type(events[-1]) is kind:
                    events[-1] = kind(events[-1].text + text)
                else:
                    events.append(kind(text))
        if candidate.finish_reason:
            self.finish_reason = _word(candidate.finish_reason)


def _is_one_event(data: bytes) -> bool:
    """Whether this is an event from its first byte to its last, of one line: what most reads bring."""
    ends = data.endswith((b"\n\r\n", b"\n\n"))
    return ends and data.startswith(b"data:") and data.find(b"\n") >= len(data) - 3


def _decode_kindly(payload: bytes) -> Response:
    """Read what Python's JSON takes and msgspec does not: NaN, and halves of surrogate pairs.

    Such a half becomes a question mark: no JSON of ours could hold it. What stands beside the candidates and has a
    shape that is not known is passed over, for the text matters more.
    """
    try:
        value = json.loads(payload)
        for name in [name for name in value if name != "candidates"] if isinstance(value, dict) else ():
            if not _is_known({name: value[name]}):
                del value[name]
        response = msgspec.convert(value, Response, strict=False)
    except (ValueError, RecursionError):
        raise Failure("upstream_truncated", "The provider's answer could not be read.") from None
    for candidate in response.candidates or ():
        for part in (candidate and candidate.content and candidate.content.parts) or ():
            if part is not None:
                part.text = part.text and part.text.encode(errors="replace").decode()
    return response


def _is_known(value: dict[str, Any]) -> bool:
    try:
        msgspec.convert(value, Response, strict=False)
    except msgspec.ValidationError:
        return False
    return True


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
