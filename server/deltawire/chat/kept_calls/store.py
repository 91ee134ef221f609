"""The store of the models' parts, by the caller and the step of a model."""

from collections.abc import Sequence
from typing import Final, Protocol

KEPT_SECONDS: Final = 3_600
"""The parts of a step are kept for an hour."""
MAX_STEPS_PER_CALLER: Final = 1_000
MAX_BYTES_PER_CALLER: Final = 16 * 2**20
"""The bounds of what is kept of a caller's steps; the oldest go first."""


class StepStore(Protocol):
    """Keeps parts as well as it can: a store that is away keeps nothing, and finds nothing."""

    async def keep(self, caller: str, step: str, parts: bytes) -> None:
        """Keep the parts of a step of this caller's."""
        ...

    async def find(self, caller: str, steps: Sequence[str]) -> dict[str, bytes]:
        """Return the parts of those of these steps that are known."""
        ...

    async def close(self) -> None:
        """Close what is open."""
        ...
