"""The process that holds an upload, so that the uploads of a process that died are recognised."""

import os
import secrets
import socket
from typing import Final

SILENT_SECONDS: Final = 900.0
"""An upload on another machine whose process has not renewed it for this long is abandoned."""


class Holder:
    """The name of this process in the rows of its uploads."""

    def __init__(self) -> None:
        """Take a name that no other process ever had."""
        self._host = socket.gethostname()
        self.name = f"{self._host}/{os.getpid()}/{secrets.token_hex(8)}"

    def is_abandoned(self, holder: str | None, silent: float) -> bool:
        """Return whether the process of this name is gone; `silent` is the seconds since its last sign of life."""
        if holder == self.name:
            return False
        host, _, rest = (holder or "").partition("/")
        process = rest.partition("/")[0]
        if host != self._host or not process.isdigit():
            return silent > SILENT_SECONDS
        return int(process) == os.getpid() or not _is_alive(int(process)) or silent > SILENT_SECONDS


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
