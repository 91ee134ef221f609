"""The events of a response, byte for byte: tests/golden/response.txt is what clients are sent."""

from support.paths import ROOT

from deltawire.protocol.frames import Delta, Thought, ToolCall, Usage
from deltawire.protocol.openai.response_request import read_response_request
from deltawire.protocol.openai.response_stream import ResponseWriter

GOLDEN = (ROOT / "tests" / "golden" / "response.txt").read_bytes()
BODY = (
    b'{"model":"m","input":"hi","stream":true,"store":false,"reasoning":{"effort":"low","summary":"auto"},'
    b'"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}]}'
)


def test_a_response_is_these_bytes() -> None:
    writer = ResponseWriter("t1", read_response_request(BODY), 1796000000)
    frames = (
        Thought("t1", "Hm."),
        Delta("t1", "a\u2028"),
        Delta("t1", "b"),
        ToolCall("t1", call="f", name="f", arguments={"a": 1}),
        Usage(
            "t1",
            model="m",
            finish_reason="tool_calls",
            input_tokens=12,
            output_tokens=2,
            thought_tokens=1,
            tool_tokens=4,
            cached_tokens=3,
            total_tokens=19,
            measured="reported",
            first_delta_ms=1,
            duration_ms=2,
            cost_usd=None,
        ),
    )
    assert b"".join(writer.events(frame, "m") for frame in frames) == GOLDEN
