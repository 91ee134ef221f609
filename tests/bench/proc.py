"""Read the kernel's figures of a process and its children: /proc, so Linux only."""

import os
from pathlib import Path
from typing import Final

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """A process and all that it has started, directly or not."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of the process tree since its start, in user and system mode."""
    return sum(_ticks(process) for process in tree(pid)) / _TICKS_A_SECOND


def resident_kib(pid: int) -> int:
    """The memory that the tree holds; what its processes share is counted for each."""
    return sum(_status(process, "VmRSS") for process in tree(pid))


def peak_kib(pid: int) -> int:
    """The most that each process of the tree has held, together."""
    return sum(_status(process, "VmHWM") for process in tree(pid))


def machine_cpu_seconds() -> float:
    """Return the CPU seconds of all processes of the machine since it started."""
    user, nice, system = Path("/proc/stat").read_text().split(maxsplit=4)[1:4]
    return (int(user) + int(nice) + int(system)) / _TICKS_A_SECOND


def _ticks(pid: int) -> int:
    # The name, which comes second, may hold anything; utime and stime are the 14th and 15th field.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])
