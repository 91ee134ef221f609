"""Observe the turns: count the events of each, and log its end, without its texts."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

from deltawire.protocol.chat_request import ChatRequest, HistoryMessage
from deltawire.protocol.errors import Failure
from deltawire.protocol.usage_figures import TOKEN_FIELDS, UsageFigures
from deltawire.telemetry.metrics import FUNCTION, Metrics
from deltawire.telemetry.request_context import RequestContext
from deltawire.telemetry.turn_end import TurnEnd

if TYPE_CHECKING:  # an optional dependency
    from deltawire.telemetry.traces import Tracing, TurnSpan

log = structlog.get_logger(__name__)


class Telemetry:
    """Observes the turns of this process."""

    def __init__(self, metrics: Metrics, tracing: "Tracing | None") -> None:
        """Without `tracing` there are no spans."""
        self._metrics = metrics
        self._tracing = tracing

    def observe(
        self, turn: str, caller: str, model: str, request: ChatRequest, context: RequestContext
    ) -> "TurnObserver":
        """Observe a turn that was just accepted from this caller; `model` is asked first."""
        span = None if self._tracing is None else self._tracing.start(turn, model, context)
        ids = {"turn": turn, "caller": caller or None, "conversation": request.conversation}
        return TurnObserver(ids, context.transport, self._metrics, span)


class TurnObserver:
    """Observes one turn, from its acceptance to its end."""

    __slots__ = ("_ids", "_metrics", "_retries", "_rounds", "_span", "_tools", "_transport", "texts")

    def __init__(
        self, ids: Mapping[str, str | None], transport: str, metrics: Metrics, span: "TurnSpan | None"
    ) -> None:
        """Begin now; `ids` go into the log."""
        self._ids = ids
        self._transport = transport
        self._metrics = metrics
        self._span = span
        self._retries = self._rounds = 0
        self._tools: list[str] = []
        self.texts: list[str] | None = None if span is None else span.texts
        """A list for the deltas; None when content is not traced."""
        metrics.running.inc()

    def model_asked(self, model: str, request: ChatRequest, history: Sequence[HistoryMessage]) -> None:
        """Note that the upstream is asked for the first time."""
        if request.tools:
            self._tools = sorted({tool if isinstance(tool, str) else FUNCTION for tool in request.tools})
            for tool in self._tools:
                self._metrics.tools.labels(tool).inc()
        if self._span is not None:
            self._span.model_asked(model, request, history)

    def model_asked_again(self) -> None:
        """Note that the upstream is asked again, by the same model or a fallback."""
        self._retries += 1
        self._metrics.retries.inc()

    def attempt_failed(self, model: str, fault: Failure) -> None:
        """Note that an attempt has failed."""
        log.warning("upstream_fault", turn=self._ids["turn"], model=model, code=fault.code, cause=fault.cause)
        self._metrics.faults.labels(fault.code).inc()

    def first_token(self) -> None:
        """Note that the first token has come; a thought counts."""
        if self._span is not None:
            self._span.first_token()

    def next_round(self) -> None:
        """Note that the results of the calls have come, and that the model is asked again."""
        self._rounds += 1
        self._metrics.tool_rounds.inc()

    def first_delta(self, milliseconds: int) -> None:
        """Note that the first delta is sent."""
        self._metrics.first_delta.observe(milliseconds / 1000)
        if self._span is not None:
            self._span.first_delta()

    def ended(self, turn_end: TurnEnd, *, was_admitted: bool) -> None:
        """Note that the turn has ended.

        One that was not admitted counts in no limit, so it is not counted here either: a limit refused it, or its
        client left before the limits were checked.
        """
        metrics, figures = self._metrics, turn_end.figures
        metrics.running.dec()
        if was_admitted:
            metrics.count_end(self._transport, turn_end.end, figures)
        metrics.delta_gap.fold(turn_end.gaps, turn_end.streamed)
        if turn_end.reason is not None and turn_end.phase is not None:
            metrics.hangups.labels(turn_end.reason, turn_end.phase).inc()
        if turn_end.broke_off:
            metrics.faults.labels(turn_end.end).inc()
        if self._span is not None:
            self._span.end(turn_end, self._retries)
        log.info(
            "turn_ended" if was_admitted else "turn_not_admitted",
            **self._ids,
            trace=self._span and self._span.trace_id,
            transport=self._transport,
            model=figures.model,
            end=turn_end.end,
            reason=turn_end.reason,
            phase=turn_end.phase,
            cause=turn_end.cause,
            retries=self._retries or None,
            **{name: getattr(figures, name) for name in TOKEN_FIELDS},
            cost_usd=figures.cost_usd,
            **(self._tool_fields(figures) if self._tools else {}),
            first_delta_ms=figures.first_delta_ms,
            duration_ms=figures.duration_ms,
        )

    def _tool_fields(self, figures: UsageFigures) -> dict[str, str | int | None]:
        return {
            "tools": ",".join(self._tools),
            "tool_rounds": self._rounds or None,
            "search_queries": figures.search_queries or None,
        }
