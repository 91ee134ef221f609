"""The files in which usage waits for the database: each row is read again, whatever became of its process."""

import os
from pathlib import Path

import pytest

from deltawire.conversations.usage_rows import UsageRow, usage_row
from deltawire.conversations.usage_spool import UsageSpool


def row(turn: str) -> UsageRow:
    return usage_row(turn, "key:alice", "m", None)


def taken(spool: UsageSpool) -> list[str]:
    return [each.id for batch in spool.take() for each in batch.read()]


def left(folder: Path) -> list[str]:
    """The rows that a new process finds."""
    return [each.id for batch in UsageSpool(folder).left_by_others() for each in batch.read()]


def test_rows_are_taken_once_and_later_ones_go_elsewhere(tmp_path: Path) -> None:
    spool = UsageSpool(tmp_path / "new")
    spool.add(row("a"))
    spool.add(row("b"))
    assert taken(spool) == ["a", "b"]
    spool.add(row("c"))
    assert taken(spool) == ["c"]
    assert taken(spool) == []


def test_a_file_is_left_alone_while_its_process_runs_and_found_when_it_has_died(tmp_path: Path) -> None:
    spool = UsageSpool(tmp_path)
    spool.add(row("a"))
    [batch] = spool.take()
    assert left(tmp_path) == []
    batch.close()  # as the kernel does at the end of a process
    assert left(tmp_path) == ["a"]


def test_a_file_whose_rows_are_written_is_removed(tmp_path: Path) -> None:
    spool = UsageSpool(tmp_path)
    spool.add(row("a"))
    [batch] = spool.take()
    batch.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_was_cut_short_costs_no_other_line(tmp_path: Path) -> None:
    spool = UsageSpool(tmp_path)
    spool.add(row("a"))
    [file] = tmp_path.iterdir()
    with file.open("ab") as appended:
        appended.write(b'\n{"id": "to')
    spool.add(row("b"))
    assert taken(spool) == ["a", "b"]


@pytest.mark.parametrize("folder", [None, Path("/proc/none")], ids=["no folder", "a folder that takes nothing"])
def test_without_a_folder_rows_wait_in_memory(folder: Path | None) -> None:
    spool = UsageSpool(folder)
    spool.add(row("a"))
    assert taken(spool) == ["a"]
    assert taken(spool) == []


def test_a_full_disk_costs_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = UsageSpool(tmp_path)
    spool.add(row("a"))
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:9]))
    spool.add(row("b"))
    monkeypatch.undo()
    spool.add(row("c"))
    assert sorted(taken(spool)) == ["a", "b", "c"]


def test_a_caller_whose_name_no_database_takes_has_a_row_too() -> None:
    assert usage_row("a", "jwt:\ud800\0", "m", None).caller == "jwt:?\ufffd"
