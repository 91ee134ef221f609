"""The answer of `POST /v1/responses`: as events."""

from typing import Any

from msgspec.structs import replace

from deltawire.protocol.errors import TABLE
from deltawire.protocol.frames import Delta, ErrorFrame, PictureFrame, Thought, ToolCall, TurnFrame, Usage, encode
from deltawire.protocol.openai.errors import RESPONSES_PATH, error_body
from deltawire.protocol.openai.response_answer import (
    OpenAIResponse,
    OutputCall,
    OutputItem,
    OutputMessage,
    OutputReasoning,
    OutputText,
    SummaryText,
    call_item,
    ended_response,
    failure_of,
    message_item,
    new_response,
    picture_item,
    reasoning_item,
    status_of,
)
from deltawire.protocol.openai.response_request import ResponseRequest


class ResponseWriter:
    """Writes the frames of one turn as the events of a response.

    An answer is a list of items: thoughts, messages, calls and pictures. One of them is open, while its pieces come.
    """

    __slots__ = ("_created", "_number", "_open", "_output", "_pieces", "_request", "_response", "_turn")

    def __init__(self, turn: str, request: ResponseRequest, created: int) -> None:
        """Start before the first frame; `created` is in seconds since the epoch."""
        self._turn = turn
        self._request = request
        self._created = created
        self._response: OpenAIResponse | None = None
        self._number = 0
        self._output: list[OutputItem] = []
        self._open: OutputItem | None = None
        self._pieces: list[str] = []

    def events(self, frame: TurnFrame, model: str) -> bytes:
        """Return the events of the next frame; `model` is the one that answers."""
        response, sent = self._response, b""
        if response is None:
            response = self._response = new_response(self._turn, self._request, model, self._created)
            sent = self._event("response.created", response=response)
            sent += self._event("response.in_progress", response=response)
        if isinstance(frame, Delta):
            return sent + self._text(frame.text)
        if isinstance(frame, Thought):
            return sent + (self._thought(frame.text) if self._request.wants_thoughts else b"")
        if isinstance(frame, ToolCall | PictureFrame):
            return sent + (self._call(frame) if isinstance(frame, ToolCall) else self._picture(frame))
        if isinstance(frame, ErrorFrame):
            return sent + self._failed(response, frame)
        if not isinstance(frame, Usage):
            return sent
        sent += self._close(frame)
        response = ended_response(response, self._output, frame)
        return sent + self._event(f"response.{response.status}", response=response)

    def _text(self, text: str) -> bytes:
        sent = b""
        if not isinstance(self._open, OutputMessage):
            sent = self._close()
            item = replace(message_item(self._next_name(), "", "in_progress"), content=[])
            sent += self._begin(item)
            sent += self._piece("response.content_part.added", content_index=0, part=OutputText(text=""))
        self._pieces.append(text)
        return sent + self._piece("response.output_text.delta", content_index=0, delta=text, logprobs=[])

    def _thought(self, text: str) -> bytes:
        sent = b""
        if not isinstance(self._open, OutputReasoning):
            sent = self._close()
            sent += self._begin(replace(reasoning_item(self._next_name(), ""), summary=[]))
            part = SummaryText(text="")
            sent += self._piece("response.reasoning_summary_part.added", summary_index=0, part=part)
        self._pieces.append(text)
        return sent + self._piece("response.reasoning_summary_text.delta", summary_index=0, delta=text)

    def _call(self, call: ToolCall) -> bytes:
        """Return the events of a call, which comes whole."""
        sent = self._close()
        index = sum(isinstance(item, OutputCall) for item in self._output)
        item = call_item(self._turn, self._next_name(), index, call)
        sent += self._begin(replace(item, arguments="", status="in_progress"))
        sent += self._piece("response.function_call_arguments.delta", delta=item.arguments)
        sent += self._piece("response.function_call_arguments.done", name=item.name, arguments=item.arguments)
        return sent + self._end(item)

    def _picture(self, picture: PictureFrame) -> bytes:
        """Return the events of a picture, which comes whole."""
        sent = self._close()
        item = picture_item(self._next_name(), picture.data)
        sent += self._begin(replace(item, result=None, status="in_progress"))
        return sent + self._end(item)

    def _begin(self, item: OutputItem) -> bytes:
        self._open = item
        return self._event("response.output_item.added", output_index=len(self._output), item=item)

    def _close(self, end: Any = None) -> bytes:
        """Return the events that close the open item; `end` is the last frame of the turn, where it is the cause."""
        item, text = self._open, "".join(self._pieces)
        if item is None:
            return b""
        if isinstance(item, OutputMessage):
            item = message_item(self._next_name(), text, "completed" if end is None else status_of(end))
            sent = self._piece("response.output_text.done", content_index=0, text=text, logprobs=[])
            sent += self._piece("response.content_part.done", content_index=0, part=item.content[0])
        else:  # calls and pictures are closed at once
            item = reasoning_item(self._next_name(), text)
            sent = self._piece("response.reasoning_summary_text.done", summary_index=0, text=text)
            sent += self._piece("response.reasoning_summary_part.done", summary_index=0, part=item.summary[0])
        return sent + self._end(item)

    def _end(self, item: OutputItem) -> bytes:
        sent = self._event("response.output_item.done", output_index=len(self._output), item=item)
        self._output.append(item)
        self._open = None
        self._pieces.clear()
        return sent

    def _failed(self, response: OpenAIResponse, error: ErrorFrame) -> bytes:
        """Return the events of a failure. The text until then was sent in pieces only: no item is `done`."""
        failed = replace(response, status="failed", error=failure_of(error), output=self._output)
        detail = error_body(error.code, error.message, error.field, TABLE[error.code].status, RESPONSES_PATH).error
        sent = self._event("error", code=detail.code, message=detail.message, param=detail.param)
        return sent + self._event("response.failed", response=failed)

    def _next_name(self) -> str:
        return f"{self._turn}_{len(self._output)}"

    def _piece(self, kind: str, **fields: Any) -> bytes:
        """Return an event about the open item."""
        item = self._open
        name = "" if item is None else item.id
        return self._event(kind, item_id=name, output_index=len(self._output), **fields)

    def _event(self, kind: str, **fields: Any) -> bytes:
        value = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), encode(value))
