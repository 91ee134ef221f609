"""The events of an upstream stream, independent of the provider's wire format.

A second wire format (Google's Interactions API) would be one more reader that returns these events.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal, Protocol

import msgspec

from deltawire.gemini.messages import Exchange
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage
from deltawire.protocol.errors import Failure
from deltawire.protocol.usage_figures import Modalities


class LastingFailure(Failure):
    """A failure that a retry on the same model would only repeat: a fallback is asked instead."""


class FileFailure(Failure):
    """A refusal because of a file: its copy at the provider may be gone, or not be ready."""


class Text(msgspec.Struct, frozen=True):
    """A piece of the answer, never empty."""

    text: str


class ThoughtText(msgspec.Struct, frozen=True):
    """A piece of the summary of the model's thoughts, never empty."""

    text: str


class Progress(msgspec.Struct, frozen=True):
    """Progress of the model without text: a tool runs, or a count has grown. A heartbeat is not progress."""


PROGRESS: Final = Progress()


class Source(msgspec.Struct, frozen=True):
    """A page that the answer rests on; the first has the index 1. Each page comes once."""

    index: int
    title: str | None
    uri: str | None


class Citation(msgspec.Struct, frozen=True):
    """A piece of the answer, in code points of its whole text, and the indexes of its sources."""

    start: int
    end: int
    sources: tuple[int, ...]


class Searched(msgspec.Struct, frozen=True):
    """Queries that the model searched for, and the suggestions that the provider wants shown, as HTML."""

    queries: tuple[str, ...]
    html: str | None


class CodeRun(msgspec.Struct, frozen=True):
    """Code that the model runs; its outcome has the same `call`."""

    call: str
    language: str
    code: str


class CodeOutcome(msgspec.Struct, frozen=True):
    """The outcome of code that the model ran."""

    call: str
    outcome: Literal["ok", "failed", "deadline_exceeded"]
    output: str


class ToolCall(msgspec.Struct, frozen=True):
    """A call of one of the client's functions. `call` is made here where the provider names none."""

    call: str
    name: str
    arguments: dict[str, Any]


class MadeFile(msgspec.Struct, frozen=True):
    """A picture or another file that the model made."""

    type: str
    data: bytes

    def __repr__(self) -> str:
        """Return the type and the size: the bytes do not reach a log."""
        return f"MadeFile({self.type}, {len(self.data)} bytes)"


class Opaque(msgspec.Struct, frozen=True):
    """A part of the model that must be sent back unchanged: a call, code, or what carries a signature."""

    part: bytes
    """Its JSON, as the provider sent it."""
    covers: int
    """The characters at the end of the text sent so far that the part itself holds."""

    def __repr__(self) -> str:
        """Return the size: what the part says does not reach a log."""
        return f"Opaque({len(self.part)} bytes)"


AnswerPart = Source | Citation | Searched | CodeRun | CodeOutcome | ToolCall | MadeFile
"""The parts of an answer beside its text."""

Event = Text | ThoughtText | AnswerPart | Opaque | Progress | Failure
"""A `Failure` is always the last event of a stream."""

TakeAtOnce = Callable[[Event], bool]
"""Takes an event within the callback that received it; returns False for one that the reader has to take."""


class Counts(msgspec.Struct, frozen=True):
    """Token counts of the provider; None where it reported none.

    input + tool + output + thought = total, and cached is a part of input.
    """

    input: int | None = None
    output: int | None = None
    thought: int | None = None
    tool: int | None = None
    cached: int | None = None
    total: int | None = None
    queries: int = 0
    """The search queries, which have a price of their own."""
    modalities: Modalities | None = None
    """The tokens by modality; None where the provider sent none."""


UNKNOWN_COUNTS = Counts()


class Stream(Protocol):
    """The stream of one answer from the upstream."""

    @property
    def ended(self) -> bool:
        """True once the answer has ended."""
        ...

    @property
    def counts(self) -> Counts:
        """The provider's latest token counts."""
        ...

    @property
    def finish_reason(self) -> str | None:
        """The model's latest finish reason, `[a-z0-9_]{1,64}`; never one of this server's own words for an end."""
        ...

    def read(self, at_once: TakeAtOnce | None = None, /) -> Awaitable[list[Event]]:
        """Return the next events, if any; raise `Failure` when the connection breaks before the answer is whole.

        While it waits, an event that comes alone is offered to `at_once`. What that takes is not returned.
        """
        ...

    def close(self) -> None:
        """Close the upstream connection now. A pending read raises; a second call does nothing."""
        ...


class Upstream(Protocol):
    """The source of streams."""

    @property
    def loading(self) -> Awaitable[object] | None:
        """An awaitable that ends when the upstream is loaded; None once it is.

        A turn awaits it before the deadlines of the provider begin.
        """
        ...

    def open(
        self, model: str, request: ChatRequest, history: list[HistoryMessage], exchange: Exchange = (), /
    ) -> Awaitable[Stream]:
        """Send the request to `model`; return the stream of its answer. Raise `Failure` when there is none.

        A message of the history may be a `StoredMessage`. `exchange` has the contents after the request's message:
        the model's calls and their results.
        """
        ...
