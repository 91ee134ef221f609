"""`python -m deltawire`, and the command `deltawire`: prepare for a stop, then load the rest, which takes a second."""

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the process's exit code.

    A stop before the server has its own handlers ends the process as a shell reports it, with 128 and the signal's
    number. In a container the kernel would keep the signal from process 1, which has no handler yet.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    from deltawire.cli import run  # noqa: PLC0415 - a stop may come meanwhile

    return run(arguments)


def _exit(number: int, _: FrameType | None) -> None:
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
