"""The log's writer over a pipe: nobody waits for its reader, and what is lost is counted."""

import fcntl
import os
from collections.abc import Iterator
from io import FileIO

import pytest

from deltawire.telemetry.log_writer import LogWriter

MANY = 30_000
LINE = "x" * 99


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe that holds a page; its ends."""
    reader, writer = os.pipe()
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    yield reader, writer
    os.close(writer)


def writer_to(descriptor: int) -> LogWriter:
    return LogWriter(descriptor, "lost {}".format)


def kept_of(reader: int, written: int) -> list[str]:
    """The lines that come, until they and the lost ones are as many as were written."""
    kept: list[str] = []
    lost = 0
    with os.fdopen(reader) as file:
        while len(kept) + lost < written:
            line = file.readline().removesuffix("\n")
            if line.startswith("lost "):
                lost += int(line.removeprefix("lost "))
            else:
                kept.append(line)
    assert len(kept) + lost == written
    return kept


@pytest.mark.parametrize("blocks", [True, False])
def test_nobody_waits_for_a_reader_and_the_lost_lines_are_counted(pipe: tuple[int, int], *, blocks: bool) -> None:
    reader, descriptor = pipe
    os.set_blocking(descriptor, blocks)
    writer = writer_to(descriptor)
    for _ in range(MANY):
        writer.write(LINE)
    kept = kept_of(reader, MANY)
    assert set(kept) == {LINE}
    assert 10_000 < len(kept) < 22_000


def test_lines_come_in_their_order_and_all_before_the_end(pipe: tuple[int, int]) -> None:
    reader, descriptor = pipe
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 2**20)
    writer = writer_to(descriptor)
    written = [f"line {number}" for number in range(5_000)]
    for line in written:
        writer.write(line)
    writer.write("end")
    writer.close()
    os.set_blocking(reader, False)
    with FileIO(reader) as file:
        assert file.read(2**20) == "\n".join([*written, "end", ""]).encode()


def test_a_pipe_that_is_closed_and_a_descriptor_that_is_none_raise_nothing(pipe: tuple[int, int]) -> None:
    reader, descriptor = pipe
    os.close(reader)
    for writer in (writer_to(descriptor), writer_to(-1)):
        writer.write(LINE)
        writer.close()
