"""The results of functions: they come over any socket of the caller whose turn waits for them."""

from collections.abc import Coroutine, Mapping
from typing import Any

from deltawire.chat.admission import Admission
from deltawire.chat.runs.socket_runs import SocketRuns, unknown_here
from deltawire.chat.turn import Turn
from deltawire.protocol.frames import ToolResult
from deltawire.protocol.tools import ToolAnswer


def answering(
    result: ToolResult, turns: Mapping[str, Turn], runs: SocketRuns, admission: Admission, caller: str
) -> Coroutine[Any, Any, None] | None:
    """Give a result to its turn: one of this socket's, or another of this caller's in this process.

    Return what gives it to a run of another process, or to one that is looked for; None where it is given. Raise
    `Failure`, with its field.
    """
    answer = ToolAnswer(call=result.call, result=result.result, error=result.error)
    if (turn := turns.get(result.id)) is not None:
        turn.rounds.answer(answer)
        return None
    if result.id in runs:
        return runs.answer(result.id, answer)
    if (turn := admission.find(caller, result.id)) is not None:
        turn.rounds.answer(answer)
        return None
    if runs.are_coming:
        return runs.answer(result.id, answer)
    raise unknown_here()
