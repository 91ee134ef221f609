"""The memory of the runs of a process, by caller, and the run to drop when there is too much."""

import msgspec

from deltawire.chat.runs.run import Run
from deltawire.chat.runs.states import RunState


class _Held(msgspec.Struct):
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
        self._callers: dict[str, _Held] = {}

    def add(self, run: Run, size: int) -> None:
        """Count bytes that a run takes, or gives back."""
        self.size += size
        held = self._held(run)
        held.bytes += size
        self._tidy(run, held)

    def changed(self, run: Run) -> None:
        """Note that the listeners or the state of a run have changed."""
        held = self._held(run)
        held.detached.pop(run, None)
        held.ended.pop(run, None)
        if not run.listeners and not run.is_forgotten:
            (held.ended if run.state is RunState.ENDED else held.detached)[run] = None
        self._tidy(run, held)

    def of(self, run: Run) -> int:
        """Return the bytes that the caller of a run holds."""
        held = self._callers.get(run.facts.caller)
        return 0 if held is None else held.bytes

    def to_drop(self, at_least: int) -> Run | None:
        """Return a run that nobody listens to, of the caller who holds the most: ended ones first, then the oldest.

        So nobody ends the runs of others by filling the memory. None where no caller of so many bytes has such a run.
        """
        held = max((one for one in self._callers.values() if one.ended or one.detached), key=_bytes_of, default=None)
        return None if held is None or held.bytes < at_least else next(iter(held.ended or held.detached))

    def _held(self, run: Run) -> _Held:
        held = self._callers.get(run.facts.caller)
        if held is None:
            held = self._callers[run.facts.caller] = _Held()
        return held

    def _tidy(self, run: Run, held: _Held) -> None:
        if not held.bytes and not held.ended and not held.detached:
            del self._callers[run.facts.caller]


def _bytes_of(held: _Held) -> int:
    return held.bytes
