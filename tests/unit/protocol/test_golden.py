"""The frames as the page knows them: its types and its examples are the server's."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.paths import ROOT, WEB

from deltawire.chat.states import Reason
from deltawire.protocol import close_codes
from deltawire.protocol.errors import TABLE
from deltawire.protocol.frames import FrameDown, decode, encode

GOLDEN: dict[str, Any] = json.loads((ROOT / "tests" / "golden" / "frames.json").read_text())


@pytest.mark.parametrize("name", GOLDEN["up"])
def test_the_server_takes_what_the_page_sends(name: str) -> None:
    frame = GOLDEN["up"][name]
    taken = msgspec.to_builtins(decode(json.dumps(frame)))
    assert {field: value for field, value in taken.items() if value is not None} == frame


@pytest.mark.parametrize("name", GOLDEN["down"])
def test_the_page_knows_what_the_server_sends(name: str) -> None:
    frame = GOLDEN["down"][name]
    sent = encode(msgspec.convert(frame, FrameDown))
    assert sent.decode() == json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def test_the_page_knows_every_error_code() -> None:
    assert GOLDEN["error_codes"] == list(TABLE)


def test_the_types_and_close_codes_of_the_page_are_those_of_the_server(tmp_path: Path) -> None:
    types, codes = tmp_path / "frames.ts", tmp_path / "close-code-table.ts"
    make = ["make", "--assume-old=.venv/.installed-dev", "frames", f"FRAMES={types}", f"CLOSE_CODES={codes}"]
    subprocess.run(make, cwd=ROOT, check=True, capture_output=True)
    for made in (types, codes):
        assert made.read_text() == (WEB / "src" / "protocol" / made.name).read_text(), "run `make frames`"


def test_the_docs_list_every_close_code_that_the_server_sends() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \|", (ROOT / "docs" / "reference" / "wire.md").read_text(), re.MULTILINE)
    listed = {code for row in rows for code in row.split(", ")}
    assert {str(row.code) for row in close_codes.TABLE.values() if row.reason is not None} <= listed


def test_every_close_code_that_the_server_sends_has_a_reason_of_a_turn() -> None:
    assert {row.reason for row in close_codes.TABLE.values() if row.reason is not None} <= set(Reason)
