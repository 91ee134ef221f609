"""The whole answer of a turn: its frames joined."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Final, Protocol

import msgspec
from litestar.types import Scope, Send
from msgspec import UNSET, UnsetType

from deltawire.chat.turn import Turn
from deltawire.protocol.errors import TABLE
from deltawire.protocol.frames import (
    Delta,
    ErrorFrame,
    NumberedFrame,
    PictureFrame,
    Started,
    Thought,
    TurnFrame,
    Usage,
    encode,
    figures_of,
    shown_part,
)
from deltawire.protocol.openai.pictures import PlacedPicture
from deltawire.protocol.problem_details import Problem, problem_of, raw_headers, response_of
from deltawire.protocol.shown import Shown, ShownBesidesSources, ShownSource
from deltawire.protocol.usage_figures import UsageFigures
from deltawire.routes.connection import http_link
from deltawire.routes.services import Services
from deltawire.routes.sse import PIECE_BYTES, EventStream
from deltawire.transport.link import room_within

_HEADERS: Final = {"content-type": "application/json"}


class Answer(ShownBesidesSources):
    """The whole answer of a turn in one response. Besides the sources, a list that is empty is left out."""

    # Not keyword-only, so that msgspec puts these before what is inherited.
    id: str
    text: str
    thoughts: str
    sources: list[ShownSource]
    usage: UsageFigures
    state: str | UnsetType = UNSET
    """The answer's state, for the turn that brings the results of its calls; absent where it has none."""


class Fold:
    """Joins the frames of a turn to one answer."""

    def __init__(self) -> None:
        """Start with no frames."""
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._shown = Shown()
        self.pictures: list[PlacedPicture] = []
        """The pictures of a self-contained answer, in their order."""
        self._end: Usage | ErrorFrame | None = None

    def add(self, frame: NumberedFrame) -> None:
        """Add the next frame."""
        if isinstance(frame, Delta):
            self._texts.append(frame.text)
        elif isinstance(frame, Thought):
            self._thoughts.append(frame.text)
        elif isinstance(frame, Usage | ErrorFrame):
            self._end = frame
        elif isinstance(frame, PictureFrame):
            self.pictures.append(PlacedPicture(sum(map(len, self._texts)), frame))
        elif not isinstance(frame, Started):
            self._shown.add(shown_part(frame))

    def add_delta(self, delta: Delta) -> bool:
        """Add the next frame, a delta; return True: there is always room for it."""
        self._texts.append(delta.text)
        return True

    def result(self) -> Answer | Problem:
        """Return the answer; an error is a problem, with the text that came before it."""
        end, text = self._end, "".join(self._texts)
        if end is None:
            raise AssertionError("a turn has an end")
        if isinstance(end, ErrorFrame):
            return problem_of(end, TABLE[end.code].status, text)
        shown = msgspec.structs.asdict(self._shown)
        return Answer(
            id=end.id, text=text, thoughts="".join(self._thoughts), usage=figures_of(end), state=end.state, **shown
        )


async def fold(turn: Turn) -> Answer | Problem:
    """Run a turn to its end; return its frames joined into one answer."""
    return (await folded(turn)).result()


async def folded(turn: Turn) -> Fold:
    """Run a turn to its end; return its frames, joined."""
    joined = Fold()
    async with aclosing(turn.frames(joined.add_delta)) as frames:
        async for frame in frames:
            joined.add(frame)
    return joined


class FrameWriter(Protocol):
    """Writes the frames of a turn as the events of another wire."""

    def events(self, frame: TurnFrame, model: str, /) -> bytes:
        """Return the events of the next frame; `model` is the one that answers."""
        ...


async def stream_late(
    turn: Turn,
    writer: FrameWriter,
    stream: EventStream,
    fields: dict[str, str],
    before_end: Callable[[], Awaitable[None]] | None = None,
) -> Problem | None:
    """Send the events of a turn. Return the problem of one that failed before the first was sent.

    `before_end` is done when the turn has ended well, before its client learns of it.
    """
    error = await stream.run_late(turn, fields, lambda frame: writer.events(frame, turn.usage.model), before_end)
    return None if error is None else problem_of(error, TABLE[error.code].status)


async def send_whole(
    response: msgspec.Struct, fields: Mapping[str, str], scope: Scope, send: Send, services: Services
) -> None:
    """Send an answer or a `Problem`, and wait until its client has read nearly all: only then is the turn over."""
    if isinstance(response, Problem):
        status, (headers, body) = response.status, response_of(response, scope["path"])
    else:
        status, headers, body = 200, _HEADERS, encode(response)
    await send({"type": "http.response.start", "status": status, "headers": raw_headers({**headers, **fields}, body)})
    for start in range(0, len(body), PIECE_BYTES):  # a client that reads slowly has time for each piece
        piece, end = body[start : start + PIECE_BYTES], start + PIECE_BYTES
        await send({"type": "http.response.body", "body": piece, "more_body": end < len(body)})
    link = http_link(scope)
    if not link.has_room:
        services.metrics.send_waits.inc()
    try:
        await room_within(link, services.send_timeout)
    except TimeoutError:
        link.abort()
