"""The backup of the SQLite file while the server runs: one complete file."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

_OF_SQLITE: Final = ("", "-wal", "-shm", "-journal")
"""The ends of the names of a database's files."""


def why_refused(file: Path, to: Path) -> str | None:
    """Return why a copy must not be written to `to`; None when it may be.

    The copy replaces what has its name. A server would go on with the database that was replaced, and lose all that
    it writes from then on; a device or a pipe would be lost to every program.
    """
    ours = [Path(f"{file}{end}").resolve() for end in _OF_SQLITE]
    if to.resolve() in ours or (to.exists() and to.samefile(file)):
        return f"{to} is the database itself"
    if to.exists() and not to.is_file():
        return f"{to} is no regular file"
    return None


def back_up(file: Path, to: Path) -> None:
    """Copy a SQLite database; raise `sqlite3.Error` or `OSError`. Its newest pages may still be in its -wal file.

    The copy is written beside `to`, and then moved there: a copy that broke off never replaces a complete one.
    """
    unfinished = to.with_name(to.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(unfinished)) as copy,
        ):
            source.backup(copy)
        unfinished.chmod(0o600)
        unfinished.replace(to)
    finally:
        unfinished.unlink(missing_ok=True)  # it is still there after a fault, such as a full disk
