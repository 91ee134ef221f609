"""The names of the processes that hold uploads: an upload is given up only when its process is known to be gone."""

import os
from pathlib import Path

import pytest

from deltawire.conversations.files import holder
from deltawire.conversations.files.holder import SILENT_SECONDS, Holder


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root folder whose /proc the names are made from; it has none yet."""
    monkeypatch.setattr(holder, "Path", lambda name: tmp_path / name.lstrip("/"))
    return tmp_path / "proc"


def booted(proc: Path, boot: str, namespace: str, began: int = 1) -> Holder:
    (proc / "sys/kernel/random").mkdir(parents=True, exist_ok=True)
    (proc / "self/ns").mkdir(parents=True, exist_ok=True)
    (proc / "sys/kernel/random/boot_id").write_text(f"{boot}\n")
    (proc / "self/stat").write_text(f"7 (a ) name) S {'0 ' * 18}{began} 0")
    (proc / "self/ns/pid").unlink(missing_ok=True)
    (proc / "self/ns/pid").symlink_to(f"pid:[{namespace}]")
    return Holder()


@pytest.mark.parametrize("boot, namespace", [("1", "8"), ("2", "7")], ids=["container", "machine"])
def test_a_process_elsewhere_with_this_host_name_and_id_may_live(proc: Path, boot: str, namespace: str) -> None:
    here, elsewhere = booted(proc, "1", "7"), booted(proc, boot, namespace)
    assert not here.is_abandoned(elsewhere.name, 0)
    assert here.is_abandoned(elsewhere.name, SILENT_SECONDS + 1)


def test_an_earlier_process_here_with_this_id_is_gone(proc: Path) -> None:
    before, now = booted(proc, "1", "7", began=1), booted(proc, "1", "7", began=2)
    assert now.is_abandoned(before.name, 0)
    assert not now.is_abandoned(now.name, SILENT_SECONDS + 1)


def test_another_server_of_this_process_lives(proc: Path) -> None:
    one, other = booted(proc, "1", "7"), booted(proc, "1", "7")
    assert one.name != other.name
    assert not one.is_abandoned(other.name, 0)
    assert one.is_abandoned(other.name, SILENT_SECONDS + 1)


def test_a_process_that_ended_here_is_gone_also_where_there_is_no_proc(proc: Path) -> None:
    now = Holder()
    assert not proc.exists()
    place, _, rest = now.name.partition("/")
    assert rest.startswith(f"{os.getpid()}/")
    assert now.is_abandoned(f"{place}/{2**22 + 1}/0", 0)
    assert not now.is_abandoned(f"{place}/{os.getppid()}/0", 0)
