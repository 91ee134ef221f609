"""The signals that stop a process. It imports little: they are handled before the rest is imported."""

import signal
from typing import Final

ALWAYS: Final = (signal.SIGTERM, signal.SIGINT)
"""Signals that stop every process."""


def stop_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that stop a process: SIGHUP, of a terminal that closes, unless `nohup` started the process."""
    is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return ALWAYS if is_ignored else (*ALWAYS, signal.SIGHUP)
