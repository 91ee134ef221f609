"""The files that a server leaves on the disk are for no others of the machine."""

import os
import stat
import sys
from pathlib import Path

from support.client import connected
from support.process import running

PROC = Path("/proc")


async def test_files_are_the_owners_alone_and_no_core_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "conversations.db").touch(mode=0o644)
    command = ["sh", "-c", "umask 000; ulimit -c unlimited; exec $0 -m deltawire", sys.executable]
    async with running(*command, DELTAWIRE_DATA_DIR=str(folder)) as server:
        await server.ready()
        async with connected(server.address) as client:
            assert (await client.ask())[-1]["type"] == "usage"
        files = [file for file in folder.rglob("*") if file.is_file()]
        assert files
        assert {stat.S_IMODE(os.stat(file).st_mode) & 0o077 for file in files} == {0}  # noqa: PTH116
        limits = (PROC / str(server.process.pid) / "limits").read_text()
        [cores] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        assert cores.split()[4:6] == ["0", "0"]
