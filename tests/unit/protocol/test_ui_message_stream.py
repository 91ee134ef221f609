"""The AI SDK's stream without I/O."""

import msgspec

from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Citation, Delta, FileFrame, Source, Thought, ToolCall, Usage, error_frame
from deltawire.protocol.ui_message_stream import UiMessageWriter

END = Usage(
    "t1",
    model="m",
    finish_reason="max_tokens",
    input_tokens=3,
    output_tokens=None,
    thought_tokens=None,
    tool_tokens=None,
    cached_tokens=None,
    total_tokens=None,
    measured="partial",
    first_delta_ms=1,
    duration_ms=2,
    cost_usd=None,
)
GOLDEN = b"""\
data: {"type":"start","messageId":"t1"}

data: {"type":"start-step"}

data: {"type":"reasoning-start","id":"1"}

data: {"type":"reasoning-delta","id":"1","delta":"Hm."}

data: {"type":"reasoning-end","id":"1"}

data: {"type":"text-start","id":"2"}

data: {"type":"text-delta","id":"2","delta":"a"}

data: {"type":"text-delta","id":"2","delta":"b"}

data: {"type":"text-end","id":"2"}

data: {"type":"finish-step"}

data: {"type":"finish","finishReason":"length","messageMetadata":{"model":"m","finish_reason":"max_tokens",\
"input_tokens":3,"output_tokens":null,"thought_tokens":null,"tool_tokens":null,"cached_tokens":null,\
"total_tokens":null,"measured":"partial","first_delta_ms":1,"duration_ms":2,"cost_usd":null,"conversation":null,\
"question":null,"message":null}}

data: [DONE]

"""


def test_a_stream_is_these_bytes() -> None:
    writer = UiMessageWriter("t1")
    frames = (Thought("t1", "Hm."), Delta("t1", "a"), Delta("t1", "b"), END)
    assert b"".join(writer.events(frame, "m") for frame in frames) == GOLDEN


def test_an_answer_without_text_has_no_parts() -> None:
    sent = UiMessageWriter("t1").events(END, "m")
    assert b"text-" not in sent
    assert sent.startswith(b'data: {"type":"start","messageId":"t1"}\n\ndata: {"type":"start-step"}\n\n')


def test_a_stream_that_fails_ends_in_an_error_and_is_not_done() -> None:
    writer = UiMessageWriter("t1")
    writer.events(Delta("t1", "half"), "m")
    error = error_frame(Failure("upstream_truncated"), turn="t1")
    assert writer.events(error, "m") == b'data: {"type":"error","errorText":"The answer broke off before its end."}\n\n'


def test_a_page_is_a_part_of_its_own_and_leaves_the_text_open() -> None:
    writer = UiMessageWriter("t1")
    writer.events(Delta("t1", "a"), "m")
    page = Source("t1", index=1, title="Wiki", uri="https://wiki.example/")
    assert writer.events(page, "m") == (
        b'data: {"type":"source-url","sourceId":"source-1","url":"https://wiki.example/","title":"Wiki"}\n\n'
    )
    assert writer.events(Source("t1", index=2, title="A page", uri=None), "m") == b""
    assert writer.events(Citation("t1", start=0, end=1, sources=[1]), "m") == b""
    assert writer.events(Delta("t1", "b"), "m") == b'data: {"type":"text-delta","id":"1","delta":"b"}\n\n'


def test_a_call_is_a_part_of_its_own_and_its_state_stands_in_the_metadata() -> None:
    writer = UiMessageWriter("t1")
    made = ToolCall("t1", call="c", name="f", arguments={"a": 1})
    end = msgspec.structs.replace(END, finish_reason="tool_calls", state="kept")
    sent = b"".join(writer.events(frame, "m") for frame in (Delta("t1", "a"), made, end))
    *_, closed, called, step, finish, _done, _ = sent.split(b"\n\n")
    assert closed == b'data: {"type":"text-end","id":"1"}'
    assert called == b'data: {"type":"tool-input-available","toolCallId":"c","toolName":"f","input":{"a":1}}'
    assert step == b'data: {"type":"finish-step"}'
    assert b'"finishReason":"tool-calls"' in finish
    assert finish.endswith(b',"message":null,"state":"kept"}}')


def test_an_answer_to_results_continues_the_message_of_their_calls() -> None:
    sent = UiMessageWriter("t1", continues=True).events(Delta("t1", "a"), "m")
    assert sent.startswith(b'data: {"type":"start"}\n\ndata: {"type":"start-step"}\n\n')


def test_a_file_that_the_model_made_is_a_part_unless_it_was_not_kept() -> None:
    writer = UiMessageWriter("t1")
    writer.events(Delta("t1", "a"), "m")
    made = FileFrame("t1", file="f1", media_type="image/png", name="a.png", size=1)
    assert writer.events(made, "m") == (b'data: {"type":"file","url":"/files/f1/content","mediaType":"image/png"}\n\n')
    assert writer.events(msgspec.structs.replace(made, file=None, error="storage_full"), "m") == b""
