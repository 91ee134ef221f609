"""The results of functions: they come over any socket of the caller whose turn waits for them."""

from collections.abc import Coroutine, Mapping
from typing import Any

from deltawire.chat.runs.socket_runs import SocketRuns, unknown_turn
from deltawire.chat.turn import Turn
from deltawire.chat.turn_registry import TurnRegistry
from deltawire.protocol.frames import ToolResult
from deltawire.protocol.tools import ToolAnswer


def deliver_result(
    result: ToolResult, turns: Mapping[str, Turn], runs: SocketRuns, turn_registry: TurnRegistry, caller: str
) -> Coroutine[Any, Any, None] | None:
    """Give a result to its turn: one of this socket's, or another of this caller's in this process.

    Return None once it is given; for a run of another process, or one that is looked for, return what gives it later.
    Raise `Failure`, with its field.
    """
    tool_result = ToolAnswer(call=result.call, result=result.result, error=result.error)
    if (turn := turns.get(result.id)) is not None:
        turn.rounds.give_result(tool_result)
        return None
    if result.id in runs:
        return runs.give_result(result.id, tool_result)
    if (turn := turn_registry.find(caller, result.id)) is not None:
        turn.rounds.give_result(tool_result)
        return None
    if runs.has_pending:
        return runs.give_result(result.id, tool_result)
    raise unknown_turn()
