"""Make the tracing of a process, where an exporter is set up and the optional dependency is installed."""

import os
from typing import TYPE_CHECKING

import structlog

from deltawire.config.settings import Settings

if TYPE_CHECKING:  # an optional dependency
    from deltawire.telemetry.traces import Tracing

log = structlog.get_logger(__name__)


def make_tracing(settings: Settings) -> "Tracing | None":
    """Return the tracing; None where no exporter is set up."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return None
    try:
        from deltawire.telemetry.traces import Tracing  # noqa: PLC0415 - it needs an optional dependency
    except ModuleNotFoundError as missing:
        log.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but nothing is traced: install deltawire[otel]", missing=missing.name
        )
        return None
    provider = "deltawire.standin"
    if settings.has_upstream:
        provider = "gcp.vertex_ai" if settings.vertex else "gcp.gemini"
    return Tracing(provider, content=settings.trace_content)
