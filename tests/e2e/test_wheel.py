"""The package as it is built for others."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import aiohttp
import pytest
from support.client import connected
from support.paths import ROOT, WEB
from support.process import running


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that a release has built, else one of this checkout."""
    if released := os.environ.get("WHEEL"):
        return Path(released)
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel, and the dependencies of this one, without this checkout."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    # A path that is named in a .pth file has its own .pth files passed over: the editable install stays out.
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    python = str(folder / "bin" / "python")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    return folder


def test_the_wheel_holds_one_package_and_the_page_and_nothing_that_it_is_made_from(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {"deltawire", f"{wheel.name.rsplit('-', 3)[0]}.dist-info"}
    manifest = json.loads((WEB / "dist" / "manifest.json").read_text())
    page = "deltawire/edge/page"
    assert {f"{page}/{manifest['index.html']['file']}.br", f"{page}/index.html", f"{page}/schema.js"} <= set(names)
    assert "deltawire/py.typed" in names
    assert not [name for name in names if "node_modules" in name or name.endswith((".ts", ".tsx"))]


async def test_the_wheel_alone_serves_the_page_and_an_answer(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = str(environment / "bin" / "deltawire")
    async with running(command, PATH=os.defpath) as server:
        await server.ready()
        async with aiohttp.ClientSession() as http, http.get(f"http://{server.address}/") as page:
            assert page.status == 200
            assert "<title>Deltawire</title>" in await page.text()
        async with connected(server.address) as client:
            frames = await client.ask()
        assert frames[0]["text"] == "This "
        assert frames[-1]["type"] == "usage"


def test_the_command_tells_its_version(wheel: Path, environment: Path, tmp_path: Path) -> None:
    version = subprocess.run(
        [str(environment / "bin" / "deltawire"), "--version"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert version.stdout.split()[:2] == ["deltawire", wheel.name.split("-")[1]]
