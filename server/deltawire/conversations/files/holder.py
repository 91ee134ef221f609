"""The process that holds an upload, so that the uploads of a process that died are recognised."""

import os
import secrets
import socket
from pathlib import Path
from typing import Final

SILENT_SECONDS: Final = 900.0
"""An upload in another place whose process has not renewed it for this long is abandoned."""


class Holder:
    """The name of one server of this process in the rows of its uploads."""

    def __init__(self) -> None:
        """Take a name that nothing else ever had, neither in an earlier process nor in this one."""
        self._place, self._began = _place(), _began()
        self.name = f"{self._place}/{os.getpid()}/{self._began}/{secrets.token_hex(8)}"

    def is_abandoned(self, holder: str | None, silent: float) -> bool:
        """Return whether the process of this name is gone; `silent` is the seconds since its last sign of life."""
        if holder == self.name:
            return False
        place, process, began, *_ = [*(holder or "").split("/"), "", "", ""]
        if place != self._place or not process.isdigit():
            return silent > SILENT_SECONDS
        is_earlier = int(process) == os.getpid() and began != self._began
        return is_earlier or not _is_alive(int(process)) or silent > SILENT_SECONDS


def _place() -> str:
    """Return a name of the process table that has this process: only there do ids tell processes apart.

    Machines and containers may share a host name, and each container has a process 1. A boot of a machine has an id,
    and a container has a namespace of process ids. Where there is no /proc there are no containers either.
    """
    boot = namespace = ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        pass
    return ":".join(part for part in (socket.gethostname(), boot, namespace) if part)


def _began() -> str:
    """Return the time at which this process began, which an earlier one of its id did not share; none without /proc."""
    try:
        return Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
