"""Keep the usage of turns in files until it is in the database.

A turn adds one line, by one write, before its last frame is sent: what was written survives the death of the
process, however it dies. A writer then takes a whole file at once and removes it when its rows are in the database. A
file is locked by its process. So the files of a process that died can be distinguished from those of one that runs.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import structlog

from deltawire.conversations.usage_rows import UsageRow

log = structlog.get_logger(__name__)

_SUFFIX: Final = ".usage"
_MAX_IN_MEMORY: Final = 10_000
_PIECE: Final = 2**20
"""Bytes that are read of a file at once."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(UsageRow).decode


class Batch:
    """Rows that wait for the database: those of one file, or of memory."""

    def __init__(self, path: Path | None = None, descriptor: int = -1) -> None:
        """Keep the rows in memory where no file is given."""
        self._path = path
        self._descriptor = descriptor
        self._rows: list[UsageRow] = []

    def add(self, row: UsageRow) -> None:
        """Add a row; raise OSError when the file takes none."""
        if self._path is None:
            if len(self._rows) < _MAX_IN_MEMORY:
                self._rows.append(row)
        else:
            line = b"\n%b\n" % _encode(row)  # the first break ends a line that a full disk has cut short
            if os.write(self._descriptor, line) < len(line):
                raise OSError

    def read(self) -> list[UsageRow]:
        """Return the rows, also of a file that somebody has deleted meanwhile. It may block, and raise OSError.

        A line that was cut short is left out: its turn's last frame was not sent.
        """
        rows = list(self._rows)
        if self._path is not None:
            for line in _read_all(self._descriptor).splitlines():
                with suppress(msgspec.DecodeError):
                    rows.append(_decode(line))
        return rows

    def remove(self) -> None:
        """Remove the rows, which are in the database."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Release the file, so that another process takes it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class UsageSpool:
    """The files of one process, in a folder that processes may share."""

    def __init__(self, folder: Path | None) -> None:
        """Keep the rows in memory where there is no folder, or where it cannot be written."""
        self._folder = folder
        self._file: Batch | None = None
        self._memory = Batch()
        self._has_warned = False

    def add(self, row: UsageRow) -> None:
        """Keep a row. This never raises."""
        try:
            if self._folder is not None:
                if self._file is None:
                    self._file = _new_file(self._folder)
                self._file.add(row)
                return
        except OSError as fault:
            self._warn(fault)
        self._memory.add(row)

    def take(self) -> Iterator[Batch]:
        """Yield the rows that were added, in batches; later rows go into other batches."""
        file, memory, self._file, self._memory = self._file, self._memory, None, Batch()
        if file is not None:
            yield file
        if memory.read():
            yield memory

    def left_by_others(self) -> Iterator[Batch]:
        """Yield the files of processes that have died, also of an earlier run."""
        files = [] if self._folder is None else sorted(self._folder.glob(f"*{_SUFFIX}"))
        for path in files:
            with suppress(OSError):  # another process has it, or has just removed it
                yield Batch(path, _locked(path, os.O_RDONLY))

    def _warn(self, fault: OSError) -> None:
        if not self._has_warned:
            self._has_warned = True
            log.warning(
                "usage: DATA_DIR cannot be written, so a crash loses the usage of the last second", cause=fault.strerror
            )


def _new_file(folder: Path) -> Batch:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{os.getpid()}-{secrets.token_hex(8)}{_SUFFIX}"
    return Batch(path, _locked(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL))


def _read_all(descriptor: int) -> bytes:
    pieces = []
    at = 0
    while piece := os.pread(descriptor, _PIECE, at):
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)


def _locked(path: Path, flags: int) -> int:
    """Return the descriptor of a file that only this process has; raise OSError when another one has it."""
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
