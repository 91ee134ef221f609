"""The end of a turn, computed from its cancellation or failure. Pure functions."""

import msgspec
from msgspec import UNSET
from msgspec.structs import asdict

from deltawire.chat.states import Cancellation, Phase, Reason
from deltawire.chat.usage import UsageTracker
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ErrorFrame, Usage, error_frame
from deltawire.protocol.usage_figures import UsageFigures
from deltawire.telemetry.turn_end import TurnEnd

CANCELLED = "cancelled"
TOOL_CALLS = "tool_calls"
"""The finish reason of a turn that ends in calls of functions, for another turn to bring their results."""


class Outcome(msgspec.Struct, frozen=True):
    """The end of a turn."""

    frame: Usage | ErrorFrame
    """The last frame."""
    cause: str | None
    """The provider's status and reason word, or the name of a deadline; for the log."""

    @property
    def end(self) -> str:
        """A finish reason, `cancelled`, or the code of an error."""
        return self.frame.code if isinstance(self.frame, ErrorFrame) else self.frame.finish_reason or CANCELLED

    @property
    def figures(self) -> UsageFigures | None:
        """The figures; None where the frame has none."""
        return self.frame.usage if isinstance(self.frame, ErrorFrame) else self.frame


def outcome_of(
    turn: str,
    stop: Failure | Cancellation | None,
    finish_reason: str | None,
    figures: UsageFigures,
    *,
    is_stored: bool,
    state: str | None = None,
) -> Outcome:
    """Return the end of a turn.

    `stop` is None when the answer came to its own end, with this `finish_reason`. `is_stored` is True when the question
    is stored. Then an error has figures even where nothing was counted, because they hold the question's id.
    """
    failure = stop.failure if isinstance(stop, Cancellation) else stop
    if failure is not None:
        usage = figures if is_stored or figures.measured != "unknown" else None
        return Outcome(error_frame(failure, turn=turn, usage=usage), failure.cause)
    reason = CANCELLED if stop is not None else finish_reason
    figures = msgspec.structs.replace(figures, finish_reason=reason)
    return Outcome(Usage(turn, **asdict(figures), state=UNSET if state is None else state), None)


def counts_are_final(stop: Failure | Cancellation | None, *, has_ended: bool) -> bool:
    """Return whether the provider's counts are its last; `has_ended` is True when its answer came to the end."""
    if stop is None:
        return True
    return stop.code == "blocked" if isinstance(stop, Failure) else stop.failure is None and has_ended


def turn_end_of(
    outcome: Outcome | None, cancellation: Cancellation | None, usage: UsageTracker, *, has_answered: bool
) -> TurnEnd:
    """Return all that observers learn of a turn.

    `outcome` is None for a turn that never began. `has_answered` says that the upstream gave it a stream.
    """
    end = CANCELLED if outcome is None else outcome.end
    reason, phase = _reason_and_phase(end, cancellation)
    return TurnEnd(
        end=end,
        figures=(None if outcome is None else outcome.figures) or usage.figures(),
        gaps=usage.gaps,
        streamed=usage.streamed,
        cause=None if outcome is None else outcome.cause,
        reason=reason,
        phase=phase,
        broke_off=has_answered and end.startswith("upstream_"),
    )


def _reason_and_phase(end: str, cancellation: Cancellation | None) -> tuple[Reason | None, Phase | None]:
    """Return why a turn was cancelled, and in which phase; None for one that came to another end."""
    if end not in (CANCELLED, "draining"):
        return None, None
    if cancellation is None:
        return Reason.CLIENT_GONE, Phase.SEND
    return cancellation.reason, cancellation.phase
