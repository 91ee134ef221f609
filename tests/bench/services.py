"""The processes of a run: the server and its two references, the upstream, the load client.

The services get one core for themselves and the others the rest, where there are two. Each starts with an
environment of its own: no coverage measurement and no setting of whoever runs the benchmark reaches it.
"""

import asyncio
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
from support.paths import TESTS
from support.ports import free_port

from bench import proc
from bench.load import Held, Opened, Outcome, Sockets, Streams, handshake
from bench.upstream import Sent

_REFERENCES: Final = Path(__file__).parent / "references"
_SECONDS_TO_START: Final = 20.0
_SECONDS_BETWEEN_TRIES: Final = 0.005
_UNLIMITED: Final = str(10**9)
_OURS: Final = {
    "DELTAWIRE_MAX_TURNS": _UNLIMITED,
    "DELTAWIRE_MAX_SOCKETS": _UNLIMITED,
    "DELTAWIRE_MAX_HANDSHAKES_PER_MINUTE": _UNLIMITED,
    "DELTAWIRE_TURN_TIMEOUT": "300",
}


class Service(msgspec.Struct, frozen=True, eq=False):
    """Something that answers `/ws` and `POST /chat/stream` from a Gemini."""

    name: str
    command: tuple[str, ...]
    """With {port} and {upstream} for what is known later."""
    environment: dict[str, str] = {}


DELTAWIRE = Service("Deltawire", ("-m", "deltawire"), {**_OURS, "DELTAWIRE_PORT": "{port}"})
TWO_WORKERS = Service("Deltawire", DELTAWIRE.command, {**DELTAWIRE.environment, "DELTAWIRE_WORKERS": "2"})
_UVICORN: Final = ("fastapi_service:app", "--app-dir", str(_REFERENCES), "--port", "{port}")
# google-genai takes aiohttp silently where it is installed, as it is here; its plain installation has none.
_WITHOUT_AIOHTTP: Final = "import sys; sys.modules['aiohttp'] = None; import uvicorn; uvicorn.main()"
FASTAPI = Service("FastAPI", ("-c", _WITHOUT_AIOHTTP, *_UVICORN))
FASTAPI_ON_AIOHTTP = Service("FastAPI on aiohttp", ("-m", "uvicorn", *_UVICORN))
FLOOR = Service("floor", (str(_REFERENCES / "floor.py"), "{port}", "{upstream}"))


class Running(msgspec.Struct, frozen=True):
    """A service that accepts sockets."""

    service: Service
    pid: int
    address: str
    start_seconds: float
    """From its command to its first accepted socket."""


class Bench:
    """The upstream, and what starts the rest against it."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream

    @asynccontextmanager
    async def running(self, service: Service, *, cores: int = 1) -> AsyncIterator[Running]:
        """Start a service on so many cores and wait until it accepts a socket."""
        address = f"127.0.0.1:{free_port()}"
        names = {"port": address.rpartition(":")[2], "upstream": self.upstream}
        environment = {name: value.format(**names) for name, value in service.environment.items()}
        environment |= {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": f"http://{self.upstream}"}
        command = [part.format(**names) for part in service.command]
        with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as data:
            environment = {"DELTAWIRE_DATA_DIR": data} | environment
            with on_cores(_cores()[-cores:]):
                began = time.monotonic()
                process = await _start(*command, output=log.fileno(), **environment)
            try:
                if not await _accepts(address, process):
                    log.seek(0)
                    raise RuntimeError(f"{service.name} did not start: {log.read().decode()}")
                yield Running(service, process.pid, address, time.monotonic() - began)
            finally:
                await _stop(process)

    def own_cpu_seconds(self) -> float:
        """Return the CPU seconds of this process, and of all that it has started so far."""
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return proc.cpu_seconds(os.getpid()) + ended.ru_utime + ended.ru_stime

    async def knows(self, setting: str) -> bool:
        """Return True if the server has this setting."""
        process = await _start(*DELTAWIRE.command, "--help", output=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        return setting in output.decode()

    async def streams(self, plan: Streams, connected: Callable[[], None] = lambda: None) -> list[Outcome]:
        """Run streams to their end; raise AssertionError unless each is whole.

        `connected` is called between the last connection and the first question of streams that connect first.
        """
        async with _loading(plan) as process:
            if plan.connects_first:
                assert process.stdout is not None
                await process.stdout.readline()
                connected()
            output, _ = await process.communicate(b"\n")
        outcomes = msgspec.json.decode(output, type=list[Outcome])
        problems = [outcome for outcome in outcomes if outcome.problem]
        assert not problems, f"{len(problems)} of {len(outcomes)} streams are not whole, such as {problems[0]}"
        return outcomes

    @asynccontextmanager
    async def sockets(self, plan: Sockets) -> AsyncIterator["OpenSockets"]:
        """Hold so many sockets open."""
        async with _loading(plan) as process:
            assert process.stdout is not None
            yield OpenSockets(process, msgspec.json.decode(await process.stdout.readline(), type=Opened).seconds)

    async def sent(self) -> dict[int, Sent]:
        """Return the times at which the upstream sent each stream since the last call."""
        reader, writer = await _connect(self.upstream)
        writer.write(b"GET /streams HTTP/1.1\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(head.rpartition(b":")[2]))
        writer.close()
        return msgspec.json.decode(body, type=dict[int, Sent], strict=False)


class OpenSockets(msgspec.Struct, frozen=True):
    """Sockets that another process holds open."""

    process: asyncio.subprocess.Process
    seconds: float
    """Seconds that it took to open them."""

    async def held(self) -> Held:
        """Return the number of sockets that are still open."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        return msgspec.json.decode(await self.process.stdout.readline(), type=Held)


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """Start the upstream; let everything have as many connections as the system allows."""
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with on_cores(_cores()[:1]):
        process = await _start("-m", "bench.upstream", output=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield Bench((await process.stdout.readline()).decode().strip())
    finally:
        await _stop(process)
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))


@contextmanager
def on_cores(cores: list[int]) -> Iterator[None]:
    """Run on these cores only all that is started within the block."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


@asynccontextmanager
async def _loading(plan: Streams | Sockets) -> AsyncIterator[asyncio.subprocess.Process]:
    with on_cores(_cores()[:1]):
        process = await _start("-m", "bench.load", msgspec.json.encode(plan).decode(), output=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        await _stop(process)


async def _start(*command: str, output: int, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(TESTS)} | environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=output,
        stderr=None if output == asyncio.subprocess.PIPE else output,
    )


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        for pid in proc.tree(process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    await process.wait()


async def _connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.partition(":")
    return await asyncio.open_connection(host, int(port), limit=2**24)


async def _accepts(address: str, process: asyncio.subprocess.Process) -> bool:
    """Try until a socket is accepted; False when the service has ended."""
    async with asyncio.timeout(_SECONDS_TO_START):
        while process.returncode is None:
            with suppress(ConnectionRefusedError):
                reader, writer = await _connect(address)
                writer.write(handshake(address))
                answer = await reader.readuntil(b"\r\n\r\n")
                writer.close()
                return answer.startswith(b"HTTP/1.1 101")
            await asyncio.sleep(_SECONDS_BETWEEN_TRIES)
    return False
