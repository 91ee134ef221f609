"""The AI SDK's UI message stream, version 1: the frames of a turn as the parts of one message.

The provider's thoughts are `reasoning` parts. What the turn cost is the message's metadata.
"""

from typing import Any, Final

from deltawire.protocol.frames import Delta, ErrorFrame, Thought, TurnFrame, Usage, encode, spent_of
from deltawire.protocol.openai.chat_answer import finish_of

MEDIA_TYPE: Final = "application/vnd.ai-sdk.ui-message-stream"
FORMAT: Final = "ai-sdk"
HEADERS: Final = {"x-vercel-ai-ui-message-stream": "v1"}
_DONE: Final = b"data: [DONE]\n\n"


class UiMessageWriter:
    """Writes the frames of one turn."""

    __slots__ = ("_count", "_kind", "_turn")

    def __init__(self, turn: str) -> None:
        """Start before the first frame."""
        self._turn = turn
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
            sent = _event("start", messageId=self._turn) + _event("start-step")
        if isinstance(frame, Delta):
            return sent + self._piece("text", frame.text)
        if isinstance(frame, Thought):
            return sent + self._piece("reasoning", frame.text)
        if not isinstance(frame, Usage):
            return sent
        sent += self._close() + _event("finish-step")
        reason = finish_of(frame).replace("_", "-")
        return sent + _event("finish", finishReason=reason, messageMetadata=spent_of(frame)) + _DONE

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


def _event(kind: str, **fields: Any) -> bytes:
    return b"data: %b\n\n" % encode({"type": kind, **fields})
