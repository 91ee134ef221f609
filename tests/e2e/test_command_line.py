"""`python -m deltawire`, as somebody meets it who starts it."""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest
from support.client import connected, masked, raw_socket
from support.forked import ForkServer
from support.paths import ROOT
from support.ports import accepts
from support.process import forked, running, running_over
from support.transports import ask_rest
from support.upstream import AT_ONCE, Upstream, fails, floods, says, until_blocked


def run(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command to its end, of the server in this folder, with these variables only."""
    return subprocess.run(
        [sys.executable, "-m", "deltawire", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


def test_help_lists_every_setting() -> None:
    result = run("--help")
    assert result.returncode == 0
    assert "DELTAWIRE_TOKEN_TIMEOUT = 20" in result.stdout
    assert "silence between two such events (seconds, more than 0, at most 1,000,000)" in result.stdout
    assert "GEMINI_API_KEY" in result.stdout


def test_version_is_that_of_the_package() -> None:
    assert run("--version").stdout.startswith("deltawire 0.")


def test_a_key_is_made_and_let_in_by_its_pair() -> None:
    made = run("key", "alice")
    assert made.returncode == 0
    key, pair = made.stdout.splitlines()
    assert len(key) == 43
    assert pair == f"alice:{sha256(key.encode()).hexdigest()}"
    assert made.stderr.endswith("DELTAWIRE_API_KEYS or DELTAWIRE_API_KEYS_FILE:\n"), "the heading, beside the two lines"
    assert made.stderr.count("\n") == 1
    assert key not in made.stderr


def test_a_key_needs_a_name_that_cannot_be_misread() -> None:
    result = run("key", "a:b")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "key: got 'a:b'; a name is 1 to 64 of A-Z a-z 0-9 . _ @ -\n"


def test_bad_settings_stop_the_start_with_a_line_for_each() -> None:
    result = run(DELTAWIRE_PORT="http", DELTAWIRE_TOKEN_TIMEOUT="-1", DELTAWIRE_MODELS="a b")
    assert result.returncode == 2
    assert result.stdout == ""
    assert sorted(result.stderr.splitlines()) == [
        "DELTAWIRE_MODELS: got 'a b'; takes model names of A-Z a-z 0-9 . _ -, separated by commas",
        "DELTAWIRE_PORT: got 'http'; takes a port from 0 to 65535; 0 takes a free one",
        "DELTAWIRE_TOKEN_TIMEOUT: got '-1'; takes seconds, more than 0, at most 1,000,000",
    ]


def test_dollars_of_a_model_without_a_price_stop_the_start_by_its_name() -> None:
    models = "unheard-of,gemini-2.5-pro"
    result = run(DELTAWIRE_USD_PER_DAY="1", DELTAWIRE_MODELS=models, GEMINI_API_KEY="none")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "DELTAWIRE_USD_PER_DAY: limits nothing for unheard-of, without a known price; "
        "takes a price in DELTAWIRE_PRICES, or DELTAWIRE_LIMITS_WHEN_PRICE_IS_UNKNOWN=allow\n"
    )


def test_dollars_of_a_model_whose_searches_have_no_price_stop_the_start_by_its_name() -> None:
    models = "mine,gemini-2.5-pro"
    dollars = {"DELTAWIRE_USD_PER_DAY": "1", "DELTAWIRE_PRICES": "mine=1/2"}
    result = run(folder=ROOT, DELTAWIRE_MODELS=models, DELTAWIRE_TOOLS="search", GEMINI_API_KEY="none", **dollars)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "DELTAWIRE_USD_PER_DAY: limits no searches of mine, without a known price; takes DELTAWIRE_TOOLS without "
        "search, a price with a fifth amount in DELTAWIRE_PRICES, or DELTAWIRE_LIMITS_WHEN_PRICE_IS_UNKNOWN=allow\n"
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_store_of_files_that_cannot_be_opened_stops_the_start_in_one_line(workers: str) -> None:
    result = run(DELTAWIRE_FILES_URL="az://container", DELTAWIRE_WORKERS=workers, DELTAWIRE_PORT="0")
    assert result.returncode == 2
    assert result.stderr == "DELTAWIRE_FILES_URL: cannot open az://container: account must be specified\n"


def test_a_page_that_is_not_built_stops_the_start_in_one_line(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "server", tmp_path / "server")
    result = run(folder=tmp_path / "server")
    assert result.returncode == 2
    assert result.stderr == "the chat page is not built: run `make install`, then start again\n"


async def test_without_a_key_it_serves_the_stand_in_and_says_so(fork_server: ForkServer) -> None:
    async with forked(fork_server, DELTAWIRE_MODELS="gemini-2.5-pro,gemini-2.5-flash") as server:
        await server.ready()
        [announced] = [line for line in server.lines if "stand-in" in line["event"]]
        assert announced["model"] == "offline"
        assert "no real model" in announced["event"]
        assert announced["instead_of"] == "gemini-2.5-pro,gemini-2.5-flash"
        async with aiohttp.ClientSession() as session, session.get(f"http://{server.address}/models") as answer:
            models = await answer.json()
        assert (models["models"], models["standin"]) == (["offline"], True)
        async with connected(server.address) as client:
            await client.chat()
            assert (await client.receive())["text"] == "This "


async def test_a_platform_sets_the_port_without_a_prefix(fork_server: ForkServer, free_port: int) -> None:
    async with forked(fork_server, DELTAWIRE_PORT="", PORT=str(free_port)) as server:
        await server.ready()
        assert server.address == f"127.0.0.1:{free_port}"


async def test_a_procfile_runner_serves_on_its_port(free_port: int) -> None:
    honcho = (sys.executable, "-m", "honcho", "--no-colour", "-f", str(ROOT / "Procfile"), "start", "--no-prefix")
    async with running(*honcho, DELTAWIRE_PORT="", PORT=str(free_port)) as server:
        await server.ready()
        assert server.address == f"127.0.0.1:{free_port}"
        await server.stop(signal.SIGTERM)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_stops_it_with_exit_code_0(how: signal.Signals) -> None:
    async with running() as server:
        await server.ready()
        assert await server.stop(how) == 0
        assert server.lines[-1]["event"] == "drained"


COMMANDS = {"module": ("-m", "deltawire"), "script": (str(Path(sys.executable).with_name("deltawire")),)}


async def test_a_terminal_that_closes_does_not_stop_what_nohup_started() -> None:
    async with running("nohup", sys.executable, "-m", "deltawire") as server:
        await server.ready()
        server.process.send_signal(signal.SIGHUP)
        async with connected(server.address) as client:
            assert (await client.ask())[-1]["type"] == "usage"
        assert '"draining"' not in server.output
        assert await server.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("command", COMMANDS)
async def test_a_stop_while_it_imports_ends_it_as_a_shell_expects(command: str, how: signal.Signals) -> None:
    async with running(sys.executable, "-X", "importtime", *COMMANDS[command]) as server:
        await server.wait_for_output("structlog")
        assert await server.stop(how) == 128 + how
        assert "Traceback" not in server.output


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_while_it_waits_for_its_database_ends_it_as_a_shell_expects(
    fork_server: ForkServer, how: signal.Signals, workers: str
) -> None:
    came = asyncio.Event()

    async def is_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        with suppress(ConnectionError):
            while await reader.read(1024):
                pass
        writer.close()

    async with await asyncio.start_server(is_silent, "127.0.0.1", 0) as database:
        port = database.sockets[0].getsockname()[1]
        url = f"postgresql://somebody@127.0.0.1:{port}/silent"
        async with forked(fork_server, DELTAWIRE_DATABASE_URL=url, DELTAWIRE_WORKERS=workers) as server:
            await came.wait()
            assert await server.stop(how) == 128 + how
            assert server.output == ""


@pytest.mark.parametrize("goodbye", [b"", b"\x88\x82\0\0\0\0\x03\xe8"])
async def test_a_client_that_does_not_read_does_not_keep_it_from_stopping(upstream: Upstream, goodbye: bytes) -> None:
    upstream.plays(floods)
    async with running_over(upstream, drain_timeout="0.1", send_timeout="60") as server:
        _, writer = await raw_socket(server.address, limit=1)
        writer.write(masked(b'{"type": "chat", "message": "hi"}'))
        await until_blocked(await upstream.wait_for_request())
        writer.write(goodbye)
        assert await asyncio.wait_for(server.stop(), AT_ONCE) == 0
        writer.close()


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_an_upstream_that_cannot_be_loaded_ends_it_with_exit_code_1(
    fork_server: ForkServer, tmp_path: Path, workers: str
) -> None:
    nowhere = {"SSL_CERT_FILE": str(tmp_path / "none.pem"), "DELTAWIRE_WORKERS": workers, "GEMINI_API_KEY": "none"}
    async with forked(fork_server, **nowhere) as server:
        assert await server.wait() == 1
        [line, *_] = [line for line in server.lines if line["event"] == "cannot start"]
        assert line["cause"] == "FileNotFoundError"


async def test_a_port_that_is_taken_is_said_in_one_line(fork_server: ForkServer, free_port: int) -> None:
    async with forked(fork_server, DELTAWIRE_PORT=str(free_port)) as first:
        await first.ready()
        async with forked(fork_server, DELTAWIRE_PORT=str(free_port)) as second:
            assert await second.wait() == 1
            assert second.output == (
                f"DELTAWIRE_HOST, DELTAWIRE_PORT: cannot listen on 127.0.0.1:{free_port}: address already in use\n"
            )


async def test_an_unknown_setting_is_warned_of_with_the_nearest_known_one(fork_server: ForkServer) -> None:
    async with forked(fork_server, DELTAWIRE_TOKN_TIMEOUT="3") as server:
        await server.ready()
        [warning] = [line for line in server.lines if line["event"] == "unknown setting"]
        assert (warning["name"], warning["nearest"]) == ("DELTAWIRE_TOKN_TIMEOUT", "DELTAWIRE_TOKEN_TIMEOUT")


async def test_a_log_that_nobody_reads_any_more_fails_no_turn(upstream: Upstream) -> None:
    upstream.plays(fails(503), says("Hello"))
    environment = {"GOOGLE_GEMINI_BASE_URL": upstream.url, "DELTAWIRE_RETRY_MAX_DELAY": "0.01"}
    async with running(GEMINI_API_KEY="none", **environment) as server:
        await server.ready()
        server.process._transport.get_pipe_transport(1).close()  # type: ignore[union-attr]
        async with connected(server.address) as client:
            await client.chat(id="t1")
            frames = await client.until_end("t1")
    assert [frame["type"] for frame in frames] == ["delta", "usage"]


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.nightly)])
async def test_a_log_that_is_open_and_not_read_keeps_nobody_waiting(
    upstream: Upstream, free_port: int, tmp_path: Path, workers: str
) -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    settings = {
        "DELTAWIRE_PORT": str(free_port),
        "DELTAWIRE_DATA_DIR": str(tmp_path),
        "DELTAWIRE_WORKERS": workers,
        "GEMINI_API_KEY": "none",
        "GOOGLE_GEMINI_BASE_URL": upstream.url,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "deltawire", env=settings, stdout=writer)
    os.close(writer)
    address = f"127.0.0.1:{free_port}"
    while not await accepts(free_port):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.02)
    for number in range(40):  # of some 400 bytes each in the log
        assert (await ask_rest(address, id=f"t{number}"))[-1]["type"] == "usage"
    process.terminate()
    assert await process.wait() == 0
    os.close(reader)


async def test_the_log_can_be_read_on_a_terminal(fork_server: ForkServer, free_port: int) -> None:
    async with forked(fork_server, DELTAWIRE_LOG_FORMAT="console", DELTAWIRE_PORT=str(free_port)) as server:
        await server.wait_for_output(f"url=http://127.0.0.1:{free_port}")
        assert "no real model is behind it" in server.output
        assert not server.output.startswith("{")
