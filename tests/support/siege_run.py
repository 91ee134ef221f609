"""Go the ways of the siege: `python -m support.siege_run ADDRESS KEY LARGE WAY...`."""

import asyncio
import sys

from support.siege import WAYS as FIRST
from support.siege import WORST as FIRST_WORST
from support.siege import Attacker, Way
from support.siege_crowds import CROWDS
from support.siege_doors import DOORS, imports, stalled_uploads, tool_results, unread_prompts

WAYS: tuple[Way, ...] = (*FIRST, *DOORS, *CROWDS)
WORST: tuple[Way, ...] = (*FIRST_WORST, imports, stalled_uploads, tool_results, unread_prompts)


async def go(address: str, key: str, large: str, *names: str) -> None:
    """Go these ways at once."""
    attacker = Attacker(address, key, large)
    async with asyncio.TaskGroup() as group:
        for way in WAYS:
            if way.__name__ in names:
                group.create_task(way(attacker))


if __name__ == "__main__":
    asyncio.run(go(*sys.argv[1:]))
