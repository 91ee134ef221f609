"""The AI SDK's UI message stream, version 1: the frames of a turn as the parts of one message.

The provider's thoughts are `reasoning` parts, the pages that the answer rests on are `source-url` parts, calls of
functions are `tool-input-available`, and files that the model made are `file` parts. What the turn cost is the
message's metadata, with the `state` that the results of calls are sent with.
"""

from typing import Any, Final

from msgspec import UNSET, to_builtins

from deltawire.protocol.frames import (
    Delta,
    ErrorFrame,
    FileFrame,
    Source,
    Thought,
    ToolCall,
    TurnFrame,
    Usage,
    encode,
    figures_of,
)
from deltawire.protocol.openai.chat_answer import finish_of

MEDIA_TYPE: Final = "application/vnd.ai-sdk.ui-message-stream"
FORMAT: Final = "ai-sdk"
HEADERS: Final = {"x-vercel-ai-ui-message-stream": "v1"}
_DONE: Final = b"data: [DONE]\n\n"


class UiMessageWriter:
    """Writes the frames of one turn."""

    __slots__ = ("_count", "_kind", "_message")

    def __init__(self, turn: str, *, continues: bool = False) -> None:
        """Start before the first frame. A turn with the results of calls `continues` the message of these calls."""
        self._message = {} if continues else {"messageId": turn}
        """The id of a new message. Its client would take a message with another id for another one."""
        self._kind: str | None = None
        """The kind of the part whose pieces come; empty where none is open, None before the message has begun."""
        self._count = 0
        """The number of parts."""

    def events(self, frame: TurnFrame, _model: str) -> bytes:
        """Return the events of the next frame."""
        if isinstance(frame, ErrorFrame):
            return _event("error", errorText=frame.message)
        sent = b""
        if self._kind is None:
            self._kind = ""
            sent = _event("start", **self._message) + _event("start-step")
        if not isinstance(frame, Usage):
            return sent + self._part(frame)
        sent += self._close() + _event("finish-step")
        reason = finish_of(frame).replace("_", "-")
        return sent + _event("finish", finishReason=reason, messageMetadata=_metadata(frame)) + _DONE

    def _part(self, frame: TurnFrame) -> bytes:
        """Return the events of a part of the answer; none for what the SDK's messages have no part for."""
        if isinstance(frame, Delta):
            return self._piece("text", frame.text)
        if isinstance(frame, Thought):
            return self._piece("reasoning", frame.text)
        if isinstance(frame, ToolCall):
            called = _event("tool-input-available", toolCallId=frame.call, toolName=frame.name, input=frame.arguments)
            return self._close() + called
        if isinstance(frame, Source):
            return _source(frame)
        return _file(frame) if isinstance(frame, FileFrame) else b""

    def _piece(self, kind: str, text: str) -> bytes:
        sent = b""
        if self._kind != kind:
            sent = self._close()
            self._kind = kind
            self._count += 1
            sent += _event(f"{kind}-start", id=str(self._count))
        return sent + _event(f"{kind}-delta", id=str(self._count), delta=text)

    def _close(self) -> bytes:
        """Return the event that closes the open part."""
        kind, self._kind = self._kind, ""
        return _event(f"{kind}-end", id=str(self._count)) if kind else b""


def _source(source: Source) -> bytes:
    """Return a page that the answer rests on; nothing for one without an address."""
    if source.uri is None:
        return b""
    title = {} if source.title is None else {"title": source.title}
    return _event("source-url", sourceId=f"source-{source.index}", url=source.uri, **title)


def _file(file: FileFrame) -> bytes:
    """Return a file that the model made, by its path on this server; nothing for one that was not kept."""
    if file.file is None:
        return b""
    return _event("file", url=f"/files/{file.file}/content", mediaType=file.media_type)


def _metadata(usage: Usage) -> Any:
    """Return the figures of a turn, with its state where it ended in calls."""
    figures = figures_of(usage)
    return figures if usage.state is UNSET else {**to_builtins(figures), "state": usage.state}


def _event(kind: str, **fields: Any) -> bytes:
    return b"data: %b\n\n" % encode({"type": kind, **fields})
