"""What an upstream stream says, in words that belong to no particular wire.

A second wire (Google's Interactions API) is meant to be one more reader that speaks these.
"""

from collections.abc import Awaitable
from typing import Final, Protocol

import msgspec

from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ChatRequest, HistoryMessage


class LastingFailure(Failure):
    """A failure that the same model would answer with again, at once: it is not asked again, a fallback is."""


class Text(msgspec.Struct, frozen=True):
    """A piece of the answer, never empty."""

    text: str


class ThoughtText(msgspec.Struct, frozen=True):
    """A piece of the summary of the model's thoughts, never empty."""

    text: str


class Progress(msgspec.Struct, frozen=True):
    """A sign that the model works, without text: a tool runs, or a count has grown. A heartbeat is none."""


PROGRESS: Final = Progress()

Event = Text | ThoughtText | Progress | Failure
"""A `Failure` is always the last event of a stream."""


class Counts(msgspec.Struct, frozen=True):
    """Tokens as the provider counts them; None where it did not say.

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
    """One answer on its way from the upstream."""

    @property
    def ended(self) -> bool:
        """Whether the answer has come to its end."""
        ...

    @property
    def counts(self) -> Counts:
        """The provider's last figures."""
        ...

    @property
    def finish_reason(self) -> str | None:
        """The model's last word on why it stopped: `[a-z0-9_]{1,64}`, and no word of this server's own."""
        ...

    def read(self) -> Awaitable[list[Event]]:
        """The next events, perhaps none; raise `Failure` when the connection breaks before the answer is whole."""
        ...

    def close(self) -> None:
        """Close the upstream connection now. A read that is waiting raises; a second call does nothing."""
        ...


class Upstream(Protocol):
    """Where streams come from."""

    def open(self, model: str, request: ChatRequest, history: list[HistoryMessage]) -> Awaitable[Stream]:
        """Ask `model` and return once it answers with a stream; raise `Failure` when it does not."""
        ...
