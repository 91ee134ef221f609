"""Settings of the C library's allocator."""

import ctypes
from contextlib import suppress
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 2**17
"""glibc's own start value. A value that is set stays; glibc would raise its own up to 32 MiB."""


def return_freed_memory() -> None:
    """Return freed memory to the system.

    With a raised threshold large strings come from the heap, and one small object above them keeps them all. A C
    library without `mallopt` has no such threshold.
    """
    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _LARGE_BYTES)
