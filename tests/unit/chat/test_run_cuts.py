"""A run that is cut at any frame and resumed is the same as one that was not, for every recorded answer."""

from typing import cast

import pytest
from support.bodies import Reading, all_bodies
from support.fake_upstream import COUNTED

from deltawire.chat.runs.log import RunLog
from deltawire.gemini.events import Text, ThoughtText
from deltawire.protocol.frames import Delta, NumberedFrame, Started, Thought, Usage

BODIES = all_bodies()


def joined(frames: list[NumberedFrame]) -> list[tuple[str, str]]:
    """The kinds of frames, with neighbouring text of one kind joined."""
    parts: list[tuple[str, str]] = []
    for frame in frames:
        kind, text = type(frame).__name__, frame.text if isinstance(frame, Delta | Thought) else ""
        if text and parts and parts[-1][0] == kind:
            parts[-1] = kind, parts[-1][1] + text
        else:
            parts.append((kind, text))
    return parts


def all_after(log: RunLog, seq: int) -> list[NumberedFrame]:
    """The frames after this number, asked for as a listener does."""
    frames: list[NumberedFrame] = []
    while more := log.after(seq):
        frames += more
        seq = cast("int", more[-1].seq)
    return frames


def end() -> Usage:
    return Usage(
        "t",
        model="m",
        finish_reason="stop",
        input_tokens=COUNTED.input,
        output_tokens=COUNTED.output,
        thought_tokens=0,
        tool_tokens=0,
        cached_tokens=0,
        total_tokens=COUNTED.total,
        measured="reported",
        first_delta_ms=1,
        duration_ms=2,
        cost_usd=None,
    )


@pytest.mark.parametrize("name", BODIES)
def test_a_recorded_answer_is_whole_after_a_cut_at_any_frame(name: str) -> None:
    log = RunLog("t")
    sent = [log.add(Started("t", "run", None, None, 0))]
    for event in Reading(BODIES[name], []).events:
        if isinstance(event, Text):
            sent.append(log.add(Delta("t", event.text)))
        elif isinstance(event, ThoughtText):
            sent.append(log.add(Thought("t", event.text)))
    sent.append(log.add(end()))
    assert [frame.seq for frame in sent] == list(range(1, len(sent) + 1))
    whole = joined(sent)
    for cut in range(len(sent) + 1):
        rest = all_after(log, cut)
        assert joined([*sent[:cut], *rest]) == whole
        assert all(isinstance(frame.seq, int) and frame.seq > cut for frame in rest)
        assert (rest[-1:] == sent[-1:]) is (cut < len(sent))


def test_of_a_long_answer_a_listener_is_given_a_little_at_a_time() -> None:
    log = RunLog("t")
    for number in range(100):
        log.add(Delta("t", f"{number}" * 5_000))
    assert sum(len(frame.text) for frame in log.after(0) if isinstance(frame, Delta)) < 200_000
    whole = "".join(frame.text for frame in all_after(log, 0) if isinstance(frame, Delta))
    assert whole == "".join(f"{number}" * 5_000 for number in range(100))
