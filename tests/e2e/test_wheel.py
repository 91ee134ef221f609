"""The package as it is built for others."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

from support.paths import ROOT


def test_the_wheel_holds_the_page_and_nothing_that_it_is_made_from(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    manifest = json.loads((ROOT / "web" / "dist" / "manifest.json").read_text())
    assert f"deltawire/edge/page/{manifest['index.html']['file']}.br" in names
    assert {
        "deltawire/edge/page/index.html",
        "deltawire/edge/page/favicon.svg",
        "deltawire/edge/page/schema.js",
    } <= set(names)
    assert not [name for name in names if "node_modules" in name or name.endswith((".ts", ".tsx"))]
