"""Spaces costly work of one owner in time, so that others have most of the time in between."""

import asyncio
from typing import Final

_MANY_OWNERS: Final = 1_000


class Spacing:
    """The times from which each owner may do costly work again. The first work of an owner begins at once."""

    def __init__(self) -> None:
        """Start without owners."""
        self._free_at: dict[str, float] = {}

    async def wait(self, owner: str, seconds: float) -> None:
        """Wait until the pause after the owner's earlier work is over; the pause after this work has this many seconds.

        Without authentication all are one owner, who never waits.
        """
        if not owner:
            return
        now = asyncio.get_running_loop().time()
        begins = max(now, self._free_at.get(owner, 0.0))
        if len(self._free_at) > _MANY_OWNERS:
            self._free_at = {name: free_at for name, free_at in self._free_at.items() if free_at > now}
        self._free_at[owner] = begins + seconds
        if begins > now:
            await asyncio.sleep(begins - now)
