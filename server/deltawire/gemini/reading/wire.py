"""Interpretation: the payloads of a response in, events out. No I/O.

`tests/unit/gemini/test_wire.py` and the differential test compare this reader with google-genai's own.
"""

from typing import Final, NoReturn

from msgspec.structs import replace

from deltawire.gemini.events import PROGRESS, UNKNOWN_COUNTS, Counts, Event, Text, ThoughtText
from deltawire.gemini.reading.code_runs import made_file
from deltawire.gemini.reading.counts import RunningCounts
from deltawire.gemini.reading.faults import failure_of, unwrapped_error
from deltawire.gemini.reading.finish import Finish
from deltawire.gemini.reading.opaque_parts import OpaqueParts, raw_parts
from deltawire.gemini.reading.response import (
    UNREADABLE,
    UNREADABLE_EVENT,
    Candidate,
    Content,
    GenerateContentResponse,
    Part,
    UsageMetadata,
    decode,
    decode_event,
    events_in,
)
from deltawire.gemini.reading.sse import EventStreamDecoder
from deltawire.gemini.reading.surrogates import TEXT, SurrogateHalves
from deltawire.gemini.reading.tool_use import ToolUse
from deltawire.protocol.errors import Failure

_EMPTY: Final = GenerateContentResponse()


class ResponseReader:
    """A reader of the body of one response.

    `feed` takes bytes as they come; `end` takes the end of the body. Both return events; a `Failure` is the last of
    them. Text that arrives together is one event: this saves frames and delays nothing.
    """

    def __init__(self, *, has_tools: bool = False) -> None:
        """Start at the first byte of a body. `has_tools` is True when the model was given tools.

        Only then it returns their events: sources, citations, searches and code.
        """
        self._framing = EventStreamDecoder()
        self._running = RunningCounts()
        self._finish = Finish()
        self.may_be_over = False
        """True once an event has reported the end, so that `is_proven` is worth a check."""
        self._has_text = False
        self._has_thought = False
        self._halves = SurrogateHalves()
        self._last_parts_hash = 0
        self._tools = ToolUse() if has_tools else None
        self._opaque: OpaqueParts | None = None

    @property
    def counts(self) -> Counts:
        """The provider's latest token counts."""
        has_output = self._has_text or (self._opaque is not None and self._opaque.has_content)
        counts = self._running.counts(has_output=has_output)
        if self._tools is None or counts == UNKNOWN_COUNTS:
            return counts
        return replace(counts, queries=self._tools.grounding.queries)

    @property
    def finish_reason(self) -> str | None:
        """The model's latest finish reason."""
        return self._finish.reason

    @property
    def is_proven(self) -> bool:
        """True once the answer is complete, however its connection ends."""
        is_refused = self._finish.is_blocked and not self._has_answer
        return (self._finish.is_proven or is_refused) and self._framing.is_between_events

    @property
    def _has_answer(self) -> bool:
        return self._has_text or self._has_thought or self._opaque is not None

    def feed(self, data: bytes) -> list[Event]:
        """Return the events in these bytes. After a `Failure`, feed nothing more."""
        events: list[Event] = []
        try:
            payload = self._framing.whole_event(data)
            if payload is not None:
                self._take_payload(payload, events)
            else:
                for payload in self._framing.feed(data):
                    self._take_payload(payload, events)
        except Failure as failure:
            events.append(failure)
        return events

    def take_unended(self) -> list[Event]:
        """Return the events of a last event that lacks only its end, as a cut leaves it; none of half an event."""
        payloads = self._framing.end()
        events: list[Event] = []
        try:
            if len(payloads) == 1:
                self._take_payload(payloads[0], events)
        except Failure as failure:
            if failure.cause != UNREADABLE_EVENT:
                events.append(failure)
        return events

    def end(self) -> list[Event]:
        """Return the last events at the end of the body, then a `Failure` unless the model had finished."""
        events: list[Event] = []
        try:
            for payload in self._framing.end():
                self._take_payload(payload, events)
            if self._opaque is not None and self._finish.reason == "stop":
                self._opaque.end(events)
            if TEXT in self._halves.waiting:
                events.append(Text("?"))
            if self._tools is not None:
                self._tools.append_new(events)
            self._finish.check(has_answer=self._has_answer)
        except Failure as failure:
            events.append(failure)
        return events

    def _take_payload(
        self, payload: bytes, events: list[Event], response: GenerateContentResponse | None = None
    ) -> None:
        """Append the events of one payload, or of one `response` in it."""
        if response is None:
            try:
                response = decode(payload)
            except UNREADABLE:
                self._take_loosely(payload, events)
                return
            if self._halves.waiting:
                self._take_loosely(payload, events)
                return
        candidate = response.candidates[0] if response.candidates else None
        if response.error:
            self._take_error(response, candidate, payload, events)
        if candidate is None or not self._take_text(candidate, payload, events):
            self._take_without_text(response, candidate, payload, events)
            return
        usage = response.usage_metadata
        if usage is not None:
            if usage.candidates_token_count and usage.total_token_count:
                self._running.last = usage  # complete, as most are: assigning it saves a call
            else:
                self._running.take(usage)
        if candidate.finish_reason or self._finish.reason is not None or response.prompt_feedback is not None:
            self._take_finish(response, candidate, events, has_text=True)

    def _take_loosely(self, payload: bytes, events: list[Event]) -> None:
        """Append the events of a payload that is not strict JSON of a known shape, or that follows half a character."""
        for event in events_in(payload):
            self._halves.join(event)
            strict_payload, response = decode_event(event)
            self._take_payload(strict_payload, events, response)

    def _take_error(
        self, response: GenerateContentResponse, candidate: Candidate | None, payload: bytes, events: list[Event]
    ) -> NoReturn:
        """Append the last text, which may come with the error; then raise the error as a `Failure`."""
        if candidate is not None:
            self._take_text(candidate, payload, events)
        if response.usage_metadata is not None:
            self._running.take(response.usage_metadata)
        raise failure_of(response.error)

    def _take_text(  # noqa: C901 - split, each delta would cost a call more
        self, candidate: Candidate, payload: bytes, events: list[Event]
    ) -> bool:
        """Append the text of an event, and its other parts; return True when there was any text."""
        if self._tools is not None:
            self._tools.take(candidate)
        content = candidate.content
        if content is None or content.parts is None:
            return False
        has_text = False
        for part in content.parts:
            if part is not None and (part.text is None or part.thought_signature is not None):
                return self._take_parts(content.parts, payload, events)
        for part in content.parts:
            if part is None or not part.text:
                continue
            # PostgreSQL stores no U+0000. Replaced here, the text that is shown equals the text that is stored.
            text = part.text
            if "\0" in text:
                text = text.replace("\0", "\ufffd")
            has_text = True
            kind: type[Text | ThoughtText] = Text
            if part.thought:
                kind = ThoughtText
                self._has_thought = True
            else:
                self._has_text = True
                if self._tools is not None:
                    self._tools.texts.append(part.text)
            if events and type(last := events[-1]) is kind:
                events[-1] = kind(last.text + text)
            else:
                events.append(kind(text))
        return has_text

    def _take_parts(self, parts: list[Part | None], payload: bytes, events: list[Event]) -> bool:
        """Append the parts of an event, of which some are not plain text; return True when there was any text."""
        has_text = False
        opaque = self._opaque = self._opaque or OpaqueParts()
        for part, raw in zip(parts, raw_parts(payload), strict=True):
            if part is None:
                continue
            if part.text:
                has_text = (
                    self._take_text(Candidate(Content([Part(part.text, part.thought)])), payload, events) or has_text
                )
            else:
                self._take_part(part, events)
            if part.text is None or part.thought_signature is not None:
                opaque.take(raw, part.text, is_thought=bool(part.thought), events=events)
        return has_text

    def _take_part(self, part: Part, events: list[Event]) -> None:
        """Append the event of code or of a file; a file of the thoughts is not part of the answer."""
        if self._tools is not None:
            self._tools.take_part(part, events)
        if part.inline_data is not None and not part.thought and (made := made_file(part.inline_data)) is not None:
            events.append(made)

    def _take_finish(
        self, response: GenerateContentResponse, candidate: Candidate | None, events: list[Event], *, has_text: bool
    ) -> None:
        """Process what an event reports of the end: feedback, finish reason, counts."""
        if response.prompt_feedback is not None:
            self._finish.take_feedback(response.prompt_feedback)
        usage = response.usage_metadata
        self._finish.take(candidate, has_text=has_text, counted=usage is not None and self._has_all_counts(usage))
        self.may_be_over = self._finish.reason is not None or self._finish.is_blocked
        if self._tools is not None and self._finish.reason is not None:
            self._tools.append_new(events)

    def _take_without_text(
        self, response: GenerateContentResponse, candidate: Candidate | None, payload: bytes, events: list[Event]
    ) -> None:
        """Process an event without text: an error without its wrapper, an end, progress, or a heartbeat.

        Progress is a part of another kind that does not repeat the last one, or a count that changes.
        """
        if response == _EMPTY and (error := unwrapped_error(payload)) is not None:
            raise failure_of(error)
        usage = response.usage_metadata
        has_progressed = usage is not None and self._running.take_news(usage)
        self._take_finish(response, candidate, events, has_text=False)
        parts = (candidate and candidate.content and candidate.content.parts) or ()
        if any(part is not None and part.text is None for part in parts):
            parts_hash = hash(payload)
            has_progressed = has_progressed or parts_hash != self._last_parts_hash
            self._last_parts_hash = parts_hash
        if has_progressed and not events:
            events.append(PROGRESS)

    def _has_all_counts(self, usage: UsageMetadata) -> bool:
        """Return whether an event had all counts."""
        counts = self.counts
        return bool(usage.total_token_count) and counts.input is not None and counts.output is not None
