"""Example frames of the AsyncAPI document, by type and name; the tests send and receive each on a real server."""

from typing import Any, Final

import msgspec

from deltawire.api_docs.operations import EXAMPLES
from deltawire.protocol.errors import Failure, run_not_here
from deltawire.protocol.frames import (
    Citation,
    Code,
    CodeResult,
    Delta,
    FileFrame,
    FrameDown,
    Search,
    Source,
    Started,
    Thought,
    ToolCall,
    Usage,
    error_frame,
)
from deltawire.protocol.usage_figures import Modalities, UsageFigures

RUN: Final = "pP2yaHr7kq0XbM5LSZ0vNw1tGf3eRY_czWCyPI"
"""The name of a run."""

_FIGURES: Final = UsageFigures(
    model="gemini-flash-latest",
    finish_reason="stop",
    input_tokens=31,
    output_tokens=6,
    thought_tokens=9,
    tool_tokens=0,
    cached_tokens=0,
    total_tokens=46,
    measured="reported",
    first_delta_ms=412,
    duration_ms=655,
    cost_usd=0.0000795,
)
_FIGURE_FIELDS: Final = msgspec.structs.asdict(_FIGURES)
_MODALITIES: Final = Modalities(input={"text": 7, "audio": 24}, output={"text": 6})
_CANCELLED: Final = {
    "finish_reason": "cancelled",
    "output_tokens": 2,
    "total_tokens": 42,
    "measured": "partial",
    "cost_usd": 0.0000645,
}

UP: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "chat": {name: {"type": "chat", **fields} for name, fields in EXAMPLES.items()},
    "auth": {"a fresh token": {"type": "auth", "token": "TOKEN"}},
    "cancel": {
        "one turn": {"type": "cancel", "id": "turn-7"},
        "every turn": {"type": "cancel"},
        "a run": {"type": "cancel", "run": RUN},
    },
    "resume": {
        "the frames after the first": {"type": "resume", "run": RUN, "after": 1},
        "from the start, by another name": {"type": "resume", "run": RUN, "after": 0, "id": "turn-8"},
    },
    "tool_result": {
        "a result": {"type": "tool_result", "id": "turn-7", "call": "call-1", "result": {"celsius": 21}},
        "an error": {"type": "tool_result", "id": "turn-7", "call": "call-1", "error": "The station does not answer."},
    },
}

_DOWN: Final[dict[str, dict[str, FrameDown]]] = {
    "started": {"a turn with grace": Started("turn-7", RUN, None, None, 1)},
    "delta": {
        "a piece": Delta("turn-7", "Air scatters blue light."),
        "a piece of a turn with grace": Delta("turn-7", "Air scatters blue light.", 3),
    },
    "thought": {"a piece": Thought("turn-7", "One sentence was asked for.")},
    "source": {
        "a page": Source("turn-7", index=1, title="Rayleigh scattering", uri="https://example.org/rayleigh"),
    },
    "citation": {"a piece of the answer": Citation("turn-7", start=0, end=24, sources=[1])},
    "search": {
        "a search": Search("turn-7", queries=["why is the sky blue"], html="<div>Google's suggestions</div>"),
    },
    "code": {"a program": Code("turn-7", call="call-1", language="python", code="print(2 ** 10)")},
    "code_result": {"its outcome": CodeResult("turn-7", call="call-1", outcome="ok", output="1024\n")},
    "file": {
        "a picture": FileFrame(
            "turn-7", file="0f3c8a1b2d4e5f60718293a4", media_type="image/png", name="image-1.png", size=48_211
        ),
    },
    "tool_call": {
        "a call": ToolCall("turn-7", call="call-1", name="temperature", arguments={"city": "Kyiv"}),
    },
    "usage": {
        "answered": Usage("turn-7", **_FIGURE_FIELDS),
        "answered, with a sound in the question": Usage("turn-7", **{**_FIGURE_FIELDS, "modalities": _MODALITIES}),
        "cancelled": Usage("turn-7", **{**_FIGURE_FIELDS, **_CANCELLED}),
    },
    "error": {
        "a turn that failed": error_frame(Failure("upstream_unavailable"), turn="turn-7"),
        "a turn that was refused": error_frame(Failure("unknown_model", field="model"), turn="turn-7"),
        "a run that is forgotten": error_frame(run_not_here(), ref=RUN),
        "a frame that names no turn": error_frame(Failure("unknown_turn", field="id"), ref="turn-9"),
    },
}
DOWN: Final[dict[str, dict[str, dict[str, Any]]]] = {
    kind: {name: msgspec.to_builtins(frame) for name, frame in frames.items()} for kind, frames in _DOWN.items()
}
