"""The libraries that a start and each command import: an import costs more than most of what a command does."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.process import running

COMMANDS: dict[tuple[str, ...], set[str]] = {
    ("usage",): {"aiohttp", "alembic", "google", "jwt", "litestar", "prometheus_client", "rich.console", "uvicorn"},
    ("--help",): {"google", "jwt", "litestar", "sqlalchemy"},
    ("key", "alice"): {"pydantic", "sqlalchemy", "litestar"},
    ("--version",): {"asyncio", "msgspec", "structlog"},
}
NEVER = {"litestar.plugins.attrs", "litestar.plugins.pydantic", "pydantic.v1", "pygments.lexer", "rich.style"}
AFTER_IT_LISTENS = {
    *("aiohttp", "alembic", "cryptography", "genai_prices", "google", "httpx2", "jwt", "redis"),
    "sqlalchemy.dialects.postgresql",
}


def importing(*arguments: str) -> tuple[str, ...]:
    """The command with these arguments; it prints each module that it imports."""
    return sys.executable, "-X", "importtime", "-m", "deltawire", *arguments


def imported(printed_lines: list[str]) -> set[str]:
    """The modules that a command has printed."""
    return {line.rpartition("|")[2].strip() for line in printed_lines if line.startswith("import time:")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A data folder with a database, which a first start would have to make."""
    folder = str(tmp_path_factory.mktemp("data"))
    subprocess.run([sys.executable, "-m", "deltawire", "migrate"], env={"DELTAWIRE_DATA_DIR": folder}, check=True)
    return folder


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
async def test_a_command_imports_nothing_that_it_does_not_need(arguments: tuple[str, ...], folder: str) -> None:
    async with running(*importing(*arguments), DELTAWIRE_DATA_DIR=folder) as command:
        assert await command.wait() == 0
    modules = imported(command.printed_lines)
    assert "deltawire" in modules
    assert modules & COMMANDS[arguments] == set()


async def test_a_server_imports_nothing_that_can_wait_until_it_listens(folder: str) -> None:
    async with running(*importing(), GEMINI_API_KEY="none", DELTAWIRE_DATA_DIR=folder) as server:
        await server.wait_for_output('"listening"')
    before = next(number for number, line in enumerate(server.printed_lines) if '"listening"' in line)
    modules = imported(server.printed_lines[:before])
    assert "deltawire.process.serving" in modules
    assert modules & AFTER_IT_LISTENS == set()


async def test_a_first_start_imports_no_library_for_what_no_server_does(tmp_path: Path) -> None:
    async with running(*importing(), GEMINI_API_KEY="none", DELTAWIRE_DATA_DIR=str(tmp_path)) as server:
        await server.wait_for_output("deltawire.gemini.client")
    modules = imported(server.printed_lines)
    assert {"alembic", "google.genai", "litestar", "structlog"} <= modules
    assert modules & NEVER == set()


async def test_a_worker_imports_no_library_for_what_no_server_does(folder: str) -> None:
    several = {"DELTAWIRE_WORKERS": "2", "DELTAWIRE_DATA_DIR": folder}
    async with running(*importing(), GEMINI_API_KEY="none", **several) as server:
        await server.wait_for_output('"listening"')
        while sum("deltawire.gemini.client" in line for line in server.printed_lines) < 2:
            await server.wait_for_line()
    assert sum(line.endswith(" structlog\n") for line in server.printed_lines) == 3
    assert imported(server.printed_lines) & NEVER == set()
