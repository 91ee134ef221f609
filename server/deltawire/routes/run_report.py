"""The report of a run, as clients read it."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from deltawire.chat.runs.registry import AnyRun
from deltawire.protocol.problem_details import Problem
from deltawire.routes.answers import Answer
from deltawire.routes.run_listeners import answer_of


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a turn with grace; `seq` is the number of its newest frame.

    Once it has ended, a single report has its `answer`, that of `POST /chat`, or its `problem`; the other one is null.
    Both are null when its beginning is no longer kept.
    """

    run: str
    state: Literal["opening", "streaming", "waiting", "ended"]
    seq: int
    conversation: str | None
    question: str | None
    answer: Answer | UnsetType | None = UNSET
    problem: Problem | UnsetType | None = UNSET


class RunList(msgspec.Struct, frozen=True):
    """The caller's turns with grace that have not ended."""

    runs: list[RunReport]


def report_of(run: AnyRun) -> RunReport:
    """Return the report of a run, without its answer."""
    return RunReport(
        run=run.name,
        state=run.state.value,
        seq=run.seq,
        conversation=run.conversation,
        question=run.question,
    )


async def whole_report_of(run: AnyRun) -> RunReport:
    """Return the report of a run, with its answer once it has ended."""
    report = report_of(run)
    if report.state != "ended":
        return report
    end = await answer_of(run)
    if isinstance(end, Answer):
        return msgspec.structs.replace(report, answer=end, problem=None)
    return msgspec.structs.replace(report, answer=None, problem=end)
