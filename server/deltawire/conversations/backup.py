"""The backup of the SQLite file while the server runs: one complete file."""

import sqlite3
from contextlib import closing
from pathlib import Path


def back_up(file: Path, to: Path) -> None:
    """Copy a SQLite database; raise `sqlite3.Error` or `OSError`. Its newest pages may still be in its -wal file.

    The copy is written beside `to`, and then moved there: a copy that broke off never replaces a complete one.
    """
    unfinished = to.with_name(to.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(unfinished)) as copy,
    ):
        source.backup(copy)
    unfinished.chmod(0o600)
    unfinished.replace(to)
