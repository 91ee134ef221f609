"""The frames of a turn's events. No answer grows over its bound, and what was delivered is kept."""

from base64 import b64encode
from collections.abc import Callable

import structlog
from msgspec.structs import replace

from deltawire.aio.timeouts import InterruptibleTimeout
from deltawire.chat.part_frames import PartFrames
from deltawire.chat.record import TurnRecord
from deltawire.chat.request import TurnRequest
from deltawire.chat.rounds import Rounds
from deltawire.chat.usage import UsageTracker
from deltawire.conversations.transcript import Transcript
from deltawire.gemini.events import Event, MadeFile, Opaque, Text, ThoughtText, ToolCall
from deltawire.gemini.messages import encoded_size
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Delta, FileFrame, PartFrame, PictureFrame, Thought, encode
from deltawire.telemetry.turn_observer import TurnObserver

SendNow = Callable[[Delta], bool]
"""Sends a delta without waiting; returns False, and sends nothing, when its client has to read first."""

log = structlog.get_logger(__name__)


class EventFrames:
    """Makes the frames of the events of one turn."""

    __slots__ = (
        "_chars", "_is_kept", "_observer", "_parts", "_rounds", "_texts", "_thinks", "_transcript", "_turn", "_usage",
    )  # fmt: skip

    def __init__(
        self,
        request: TurnRequest,
        usage: UsageTracker,
        rounds: Rounds,
        observer: TurnObserver,
        transcript: Transcript | None,
        texts: list[str] | None,
    ) -> None:
        """`request` has begun: it has the settings of its conversation.

        Frames that were delivered are added to `transcript`, and the texts of deltas to `texts`.
        """
        self._transcript = transcript
        self._texts = texts
        self._is_kept = transcript is not None or texts is not None
        self._turn = request.turn
        self._parts: PartFrames | None = None
        self._thinks = request.request.thinking not in (None, "off")
        self._chars = 0
        """The characters of the answer's text so far."""
        self._usage = usage
        self._rounds = rounds
        self._observer = observer

    def frame(self, event: Event) -> Delta | Thought | PartFrame | None:
        """Return the frame of an event; None where it has none. Raise the `Failure` that it is, or that it causes."""
        if type(event) is Text:
            chars = len(event.text)
            self._chars += chars
            if self._usage.delta(chars):
                self._observer.first_delta(self._usage.duration_ms)
            return Delta(self._turn, event.text)
        if isinstance(event, Failure):
            raise event
        if not isinstance(event, ThoughtText):
            return self._part(event)
        if not self._thinks:
            return None
        self._usage.take(len(event.text))
        return Thought(self._turn, event.text)

    def send_text(self, text: str, send_now: SendNow) -> bool:
        """Send a text as a delta, then count and keep it; do nothing and return False where it cannot be sent now."""
        delta, chars = Delta(self._turn, text), len(text)
        if chars > self._usage.chars_left or not send_now(delta):
            return False
        self._chars += chars
        if self._usage.delta(chars):
            self._observer.first_delta(self._usage.duration_ms)
        if self._is_kept:
            self.delivered(delta)
        return True

    def delivered(self, frame: Delta | Thought | PartFrame) -> None:
        """Keep a frame that was delivered."""
        if self._transcript is not None:
            self._transcript.keep(frame)
        if self._texts is not None and type(frame) is Delta:
            self._texts.append(frame.text)

    def _part(self, event: Event) -> PartFrame | None:
        if isinstance(event, Opaque):
            self._rounds.keep(self._chars, event)
            return None
        if isinstance(event, ToolCall):
            if not self._rounds.has_functions:
                return None
            event = replace(event, call=self._rounds.call(event.call))
        if self._parts is None:
            self._parts = PartFrames(self._turn)
        if (part := self._parts.frame(event, len(self._rounds.done), self._rounds.chars_before)) is not None:
            self._usage.take(len(encode(part)))
        return part


async def file_frame(
    made: Event, request: TurnRequest, record: TurnRecord, scope: InterruptibleTimeout, turn_by: float
) -> FileFrame | None:
    """Keep a file that the model made; return its frame. Return None for any other event.

    Without room for it, or without a store, the turn goes on: the frame then has no `file`, and says why. Return None
    where `scope` is interrupted, or at the time `turn_by`: the turn ends next. The file is kept in the background then.

    Where the answer is self-contained, the frame holds the file, and nothing is kept. Raise `Failure` for no room in
    memory then.
    """
    if not isinstance(made, MadeFile):
        return None
    turn = request.turn
    if request.is_self_contained:
        return _picture(made, request)
    try:
        with scope.until(turn_by):
            row = await record.keep_file(made)
    except TimeoutError:
        return None
    except Failure as failure:
        log.warning("a file of the model was not kept", turn=turn, code=failure.code, cause=failure.cause)
        return FileFrame(turn, None, made.type, "", len(made.data), error=failure.code)
    return FileFrame(turn, row.id, row.type, row.name, row.size)


def _picture(made: MadeFile, request: TurnRequest) -> PictureFrame | None:
    """Return the frame that holds a picture; None for another file. Raise `Failure` where its caller holds too much."""
    if not made.type.startswith("image/"):
        log.warning("a file of the model was left out", turn=request.turn, type=made.type)
        return None
    request.hold(encoded_size(len(made.data)))
    data = b64encode(made.data).decode("ascii")
    return PictureFrame(request.turn, None, made.type, "", len(made.data), data=data)
