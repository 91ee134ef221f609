"""`python -m deltawire` that says, on SIGUSR1, how many tasks its loop holds."""

import asyncio
import signal
import sys
from types import FrameType

from deltawire.__main__ import main


def count_tasks(_: int, __: FrameType | None) -> None:
    sys.stdout.write(f'{{"event": "tasks", "count": {len(asyncio.all_tasks())}}}\n')
    sys.stdout.flush()


signal.signal(signal.SIGUSR1, count_tasks)
sys.exit(main([]))
