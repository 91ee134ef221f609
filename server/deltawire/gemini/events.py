"""The events of an upstream stream, independent of the provider's wire format.

A second wire format (Google's Interactions API) would be one more reader that returns these events.
"""

from collections.abc import Awaitable
from typing import Final, Protocol

import msgspec

from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ChatRequest, HistoryMessage


class LastingFailure(Failure):
    """A failure that a retry on the same model would only repeat: a fallback is asked instead."""


class Text(msgspec.Struct, frozen=True):
    """A piece of the answer, never empty."""

    text: str


class ThoughtText(msgspec.Struct, frozen=True):
    """A piece of the summary of the model's thoughts, never empty."""

    text: str


class Progress(msgspec.Struct, frozen=True):
    """Progress of the model without text: a tool runs, or a count has grown. A heartbeat is not progress."""


PROGRESS: Final = Progress()

Event = Text | ThoughtText | Progress | Failure
"""A `Failure` is always the last event of a stream."""


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

    def read(self) -> Awaitable[list[Event]]:
        """Return the next events, if any; raise `Failure` when the connection breaks before the answer is whole."""
        ...

    def close(self) -> None:
        """Close the upstream connection now. A pending read raises; a second call does nothing."""
        ...


class Upstream(Protocol):
    """The source of streams."""

    def open(self, model: str, request: ChatRequest, history: list[HistoryMessage]) -> Awaitable[Stream]:
        """Send the request to `model`; return the stream of its answer. Raise `Failure` when there is none."""
        ...
