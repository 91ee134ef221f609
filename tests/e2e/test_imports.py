"""The libraries that a start and each command import: an import costs more than most of what a command does."""

import subprocess
import sys

import pytest

_NAMES = "import sys; sys.stderr.write(' '.join(sys.modules))"
_BEGIN = "import deltawire.cli; deltawire.cli.import_structlog(); import deltawire.cli.serve"
COMMANDS: dict[str, tuple[str, set[str]]] = {
    "a server until it listens": (
        f"{_BEGIN}; from deltawire.config.environment import load; deltawire.cli.serve.build(load())",
        {"aiohttp", "alembic", "cryptography", "genai_prices", "google", "httpx2", "jwt", "redis"}
        | {"pygments", "rich", "sqlalchemy.dialects.postgresql"},
    ),
    "usage": (
        "from deltawire.cli import run; run(['usage'])",
        {"aiohttp", "alembic", "google", "jwt", "litestar", "prometheus_client", "uvicorn"},
    ),
    "--help": (
        "from deltawire.cli import _parser; _parser().format_help()",
        {"google", "jwt", "litestar", "sqlalchemy"},
    ),
    "key": ("from deltawire.cli import run; run(['key', 'alice'])", {"pydantic", "sqlalchemy", "litestar"}),
    "--version": ("import deltawire.__main__, deltawire.cli", {"asyncio", "msgspec", "structlog"}),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_it_does_not_need_is_not_imported(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code, unneeded = COMMANDS[command]
    monkeypatch.setenv("GEMINI_API_KEY", "none")
    done = subprocess.run([sys.executable, "-c", f"{code}; {_NAMES}"], capture_output=True, text=True, check=True)
    imported = set(done.stderr.splitlines()[-1].split())
    assert "deltawire" in imported
    assert imported & unneeded == set()
