"""The frames as the page knows them: its types and its examples are the server's."""

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.errors import TABLE
from server.frames import FrameDown, decode, encode

ROOT = Path(__file__).parent.parent
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


def test_the_types_of_the_page_are_those_of_the_server(tmp_path: Path) -> None:
    made = tmp_path / "frames.ts"
    subprocess.run(["make", "frames", f"FRAMES={made}"], cwd=ROOT, check=True, capture_output=True)
    assert made.read_text() == (ROOT / "web" / "src" / "protocol" / "frames.ts").read_text(), "run `make frames`"
