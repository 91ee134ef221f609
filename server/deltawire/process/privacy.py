"""Keep what a process writes to the disk from other users of the machine."""

import os
import resource
from contextlib import suppress


def keep_private() -> None:
    """Make new files the owner's alone, and write no core dumps, which hold keys and questions; for workers, too."""
    os.umask(0o077)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
