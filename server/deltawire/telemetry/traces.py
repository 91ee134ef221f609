"""A span for each turn, by OpenTelemetry's conventions for generative AI; needs the extra `otel`.

The SDK reads the endpoint, the sampling and the service name from its own variables (`OTEL_...`).
"""

from collections.abc import Mapping, Sequence
from threading import Thread
from time import monotonic
from typing import Any, Final

import msgspec
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from deltawire import __version__
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage
from deltawire.protocol.errors import TABLE
from deltawire.telemetry.request_context import RequestContext
from deltawire.telemetry.turn_end import TurnEnd

_OPERATION: Final = "generate_content"
_CLOSE_SECONDS: Final = 2.0
_ROLES: Final = {"user": "user", "model": "assistant"}


class Tracing:
    """Creates the spans of this process, and sends them."""

    def __init__(self, provider: str, *, content: bool) -> None:
        """`provider` is the conventions' name of the upstream. With `content`, spans hold prompts and answers."""
        self._provider = provider
        self._content = content
        self._parent = TraceContextTextMapPropagator()
        ours = Resource.create({"service.name": "deltawire", "service.version": __version__})
        service = ours.merge(OTELResourceDetector().detect())  # a service name of the operator takes precedence
        self._spans = TracerProvider(resource=service, shutdown_on_exit=False)
        self._spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._spans.get_tracer("deltawire", __version__)

    def start(self, turn: str, model: str, context: RequestContext) -> "TurnSpan":
        """Start the span of a turn that was just accepted, as a child of the span in its W3C headers."""
        span = self._tracer.start_span(
            f"{_OPERATION} {model}",
            context=self._parent.extract(context.trace, Context()),
            kind=SpanKind.CLIENT,
            attributes={
                "gen_ai.operation.name": _OPERATION,
                "gen_ai.provider.name": self._provider,
                "gen_ai.request.model": model,
                "gen_ai.request.stream": True,
                "deltawire.turn": turn,
                "deltawire.transport": context.transport,
            },
        )
        return TurnSpan(span, content=self._content and span.is_recording())

    def close(self) -> None:
        """Send the spans that are left, for a bounded time. It blocks."""
        sending = Thread(target=self._spans.shutdown, daemon=True)
        sending.start()
        sending.join(_CLOSE_SECONDS)


class TurnSpan:
    """The span of one turn, over all its attempts."""

    def __init__(self, span: Span, *, content: bool) -> None:
        """Take over a span that has started."""
        self.trace_id = format_trace_id(span.get_span_context().trace_id)
        self.texts: list[str] | None = [] if content else None
        """A list for the deltas; None when content is not traced."""
        self._span = span
        self._asked_at: float | None = None
        self._is_answered = False

    def model_asked(self, model: str, request: ChatRequest, history: Sequence[HistoryMessage]) -> None:
        """Note that the upstream is asked."""
        self._asked_at = monotonic()
        self._span.update_name(f"{_OPERATION} {model}")
        self._set(
            {
                "gen_ai.request.model": model,
                "gen_ai.request.temperature": request.temperature,
                "gen_ai.request.top_p": request.top_p,
                "gen_ai.request.max_tokens": request.max_output_tokens and int(request.max_output_tokens),
                "gen_ai.request.stop_sequences": request.stop,
                "gen_ai.request.seed": None if request.seed is None else int(request.seed),
                "gen_ai.conversation.id": request.conversation,
            }
        )
        if self.texts is not None:
            messages = [*history, HistoryMessage("user", request.message)]
            self._set(
                {
                    "gen_ai.input.messages": _json([_message(_ROLES[one.role], one.text) for one in messages]),
                    "gen_ai.system_instructions": _json([_part(request.system)]) if request.system else None,
                }
            )

    def first_token(self) -> None:
        """Note that the first token has come; a thought counts."""
        self._is_answered = True
        if self._asked_at is not None:
            self._set({"gen_ai.response.time_to_first_chunk": monotonic() - self._asked_at})

    def first_delta(self) -> None:
        """Note that the first delta is sent."""
        self._span.add_event("deltawire.first_delta")

    def end(self, turn_end: TurnEnd, retries: int) -> None:
        """Note that the turn has ended."""
        figures, failed = turn_end.figures, turn_end.end in TABLE
        finish_reason = "error" if failed or turn_end.end == "cancelled" else turn_end.end
        self._set(
            {
                "gen_ai.response.model": figures.model if self._is_answered else None,
                "gen_ai.response.finish_reasons": [finish_reason],
                "gen_ai.usage.input_tokens": _sum(figures.input_tokens, figures.tool_tokens),
                "gen_ai.usage.output_tokens": _sum(figures.output_tokens, figures.thought_tokens),
                "gen_ai.usage.cache_read.input_tokens": figures.cached_tokens,
                "gen_ai.usage.reasoning.output_tokens": figures.thought_tokens,
                "error.type": turn_end.end if failed else None,
                "deltawire.end": turn_end.end,
                "deltawire.reason": turn_end.reason,
                "deltawire.phase": turn_end.phase,
                "deltawire.retries": retries,
                "deltawire.cost_usd": figures.cost_usd,
            }
        )
        if self.texts is not None:
            answer = {**_message("assistant", "".join(self.texts)), "finish_reason": finish_reason}
            self._set({"gen_ai.output.messages": _json([answer])})
        if failed:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()

    def _set(self, attributes: Mapping[str, Any]) -> None:
        """Set the attributes that are known."""
        self._span.set_attributes({name: value for name, value in attributes.items() if value is not None})


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [_part(text)]}


def _part(text: str) -> dict[str, str]:
    return {"type": "text", "content": text}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _sum(*counts: int | None) -> int | None:
    """Return the sum of the known counts; None when none is known."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
