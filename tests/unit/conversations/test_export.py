"""A message in an exported document."""

import time
from typing import Any

import pytest

from deltawire.conversations.export import section
from deltawire.conversations.schemas import Message


def exported(text: str) -> str:
    """Return a message's part of the document."""
    fields: dict[str, Any] = dict.fromkeys(Message.__struct_fields__)
    fields |= {"id": "m", "role": "user", "text": text, "created": 0.0, "sources": [], "files": []}
    return section(Message(**fields))


@pytest.mark.parametrize(
    "text, end",
    [
        ("  ~~~~ python\n~~~\n```", "\n  ~~~~"),
        ("  ~~~~\n~~~~~  \nx", "\nx"),
        ("<script>\n```\n</STYLE>\nx", "\nx"),
        ("<!-- x", "\n-->"),
    ],
)
def test_what_a_message_leaves_open_is_closed(text: str, end: str) -> None:
    assert exported(text).endswith(end)


def test_a_long_fence_over_many_lines_takes_no_time() -> None:
    fence = " " + "`" * 1_000_000
    began = time.process_time()
    assert exported(fence + "\n" * 100_000 + "x").endswith("\n" + fence)
    assert time.process_time() - began < 2
