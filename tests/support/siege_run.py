"""Run the attacks of the siege: `python -m support.siege_run ADDRESS KEY LARGE ATTACK...`."""

import asyncio
import sys

from support.siege import ATTACKS as FIRST
from support.siege import WORST as FIRST_WORST
from support.siege import Attack, Attacker
from support.siege_crowds import CROWDS
from support.siege_features import FEATURES, imports, stalled_uploads, tool_results, unread_prompts

ATTACKS: tuple[Attack, ...] = (*FIRST, *FEATURES, *CROWDS)
WORST: tuple[Attack, ...] = (*FIRST_WORST, imports, stalled_uploads, tool_results, unread_prompts)


async def go(address: str, key: str, large: str, *names: str) -> None:
    """Run these attacks at once."""
    attacker = Attacker(address, key, large)
    async with asyncio.TaskGroup() as group:
        for attack in ATTACKS:
            if attack.__name__ in names:
                group.create_task(attack(attacker))


if __name__ == "__main__":
    asyncio.run(go(*sys.argv[1:]))
