"""The memory of the runs of a process, by caller, and the run to drop when there is too much."""

import msgspec

from deltawire.chat.runs.run import Run
from deltawire.chat.runs.states import RunState


class _CallerRuns(msgspec.Struct):
    """The runs of one caller: their bytes, and those that nobody listens to, the oldest first."""

    bytes: int = 0
    ended: dict[Run, None] = msgspec.field(default_factory=dict)
    detached: dict[Run, None] = msgspec.field(default_factory=dict)


class RunMemory:
    """The memory of all runs of a process."""

    __slots__ = ("_callers", "size")

    def __init__(self) -> None:
        """Start with no runs."""
        self.size = 0
        """The bytes of all runs, estimated."""
        self._callers: dict[str, _CallerRuns] = {}

    def add(self, run: Run, size: int) -> None:
        """Count bytes that a run takes; a negative `size` releases them."""
        self.size += size
        runs = self._runs_of(run)
        runs.bytes += size
        self._forget_if_empty(run, runs)

    def classify(self, run: Run) -> None:
        """Sort a run again: its listeners or its state have changed."""
        runs = self._runs_of(run)
        runs.detached.pop(run, None)
        runs.ended.pop(run, None)
        if not run.listeners and not run.is_forgotten:
            (runs.ended if run.state is RunState.ENDED else runs.detached)[run] = None
        self._forget_if_empty(run, runs)

    def of(self, run: Run) -> int:
        """Return the bytes that the caller of a run holds."""
        runs = self._callers.get(run.facts.caller)
        return 0 if runs is None else runs.bytes

    def to_drop(self, at_least: int) -> Run | None:
        """Return a run that nobody listens to, of the caller who holds the most: ended ones first, then the oldest.

        So nobody ends the runs of others by filling the memory. None where no caller of so many bytes has such a run.
        """
        runs = max((runs for runs in self._callers.values() if runs.ended or runs.detached), key=_bytes, default=None)
        return None if runs is None or runs.bytes < at_least else next(iter(runs.ended or runs.detached))

    def _runs_of(self, run: Run) -> _CallerRuns:
        runs = self._callers.get(run.facts.caller)
        if runs is None:
            runs = self._callers[run.facts.caller] = _CallerRuns()
        return runs

    def _forget_if_empty(self, run: Run, runs: _CallerRuns) -> None:
        if not runs.bytes and not runs.ended and not runs.detached:
            del self._callers[run.facts.caller]


def _bytes(runs: _CallerRuns) -> int:
    return runs.bytes
