"""`python -m deltawire`, and the command `deltawire`: set signal handlers, then import the rest, for a second."""

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from deltawire.process.stop_signals import stop_signals


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the process's exit code.

    A stop before the server has its own handlers ends the process with the code that a shell reports, 128 and the
    signal's number. Without a handler the kernel does not deliver the signal to process 1 of a container.
    """
    for number in stop_signals():
        signal.signal(number, _exit)
    from deltawire.cli import run  # noqa: PLC0415 - a stop may come during the import

    return run(arguments)


def _exit(number: int, _: FrameType | None) -> None:
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
