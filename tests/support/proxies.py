"""A real nginx and a real Caddy, each with its file of deploy/, of which only names, ports and paths are changed."""

import asyncio
import os
import shutil
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import aiohttp
import trustme

from support.client import Client, connected
from support.paths import ROOT
from support.ports import accepts
from support.transports import Listener, listening

HOST = "127.0.0.1"


class Front:
    """A proxy that is running, as clients reach it."""

    def __init__(self, port: int, tls: ssl.SSLContext | None) -> None:
        self.address = f"{HOST}:{port}"
        self.tls = tls

    @property
    def origin(self) -> str:
        """The address that a browser calls."""
        return f"{'https' if self.tls else 'http'}://{self.address}"

    def session(self) -> aiohttp.ClientSession:
        """Requests through it, by their paths."""
        return aiohttp.ClientSession(self.origin, connector=aiohttp.TCPConnector(ssl=self.tls or True))

    def connected(self, **options: object) -> AbstractAsyncContextManager[Client]:
        """A socket through it."""
        return connected(self.address, tls=self.tls, **options)

    async def listening(self, path: str, message: str = "hi") -> Listener:
        """A question through it over HTTP."""
        return await listening(self.address, path, message, tls=self.tls)


class Proxy(Protocol):
    """Starts a proxy on a port, in a folder of its own, before these servers; `changes` are changes of its file."""

    def __call__(
        self, folder: Path, port: int, *servers: str, changes: Mapping[str, str] = ...
    ) -> AbstractAsyncContextManager[Front]: ...


@asynccontextmanager
async def nginx(folder: Path, port: int, *servers: str, changes: Mapping[str, str] = {}) -> AsyncIterator[Front]:
    """deploy/nginx.conf, with a certificate of our own."""
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "chain.pem")
    site = {
        "listen 80;": f"listen unix:{folder}/redirect;",
        "listen 443 ssl;": f"listen {HOST}:{port} ssl;",
        "/etc/letsencrypt/live/chat.example.com/fullchain.pem": f"{folder}/chain.pem",
        "/etc/letsencrypt/live/chat.example.com/privkey.pem": f"{folder}/key.pem",
        "127.0.0.1:8001": servers[0],
        "127.0.0.1:8002": servers[-1],
    }
    _write_changed("nginx.conf", folder / "site.conf", {**site, **changes})
    temporary = [f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    main = [
        "daemon off;",
        f"pid {folder}/pid;",
        "user root;" if os.getuid() == 0 else "",  # or its worker could not read this folder
        "events {}",
        f"http {{ access_log off; {' '.join(temporary)} include {folder}/site.conf; }}",
    ]
    (folder / "main.conf").write_text("\n".join(main))
    binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:{ROOT}/.venv/nginx/usr/sbin")
    assert binary, "no nginx here: `make .venv/.nginx` brings one"
    async with _running(port, binary, "-e", "stderr", "-p", str(folder), "-c", str(folder / "main.conf")):
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        yield Front(port, trusting)


@asynccontextmanager
async def caddy(folder: Path, port: int, *servers: str, changes: Mapping[str, str] = {}) -> AsyncIterator[Front]:
    """deploy/Caddyfile, without TLS: its certificates are nothing that the file says."""
    site = {
        "chat.example.com {": f"http://{HOST}:{port} {{",
        "Host chat.example.com": f"Host {HOST}",
        "127.0.0.1:8001 127.0.0.1:8002": " ".join(dict.fromkeys(servers)),
    }
    _write_changed("Caddyfile", folder / "site", {**site, **changes})
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n\tpersist_config off\n}}\nimport {folder}/site\n")
    binary = Path(sys.executable).with_name("caddy")
    async with _running(port, str(binary), "run", "--config", str(folder / "Caddyfile")):
        yield Front(port, None)


def _write_changed(example: str, to: Path, changes: Mapping[str, str]) -> None:
    text = (ROOT / "deploy" / example).read_text()
    for old, new in changes.items():
        assert old in text, f"deploy/{example} has no {old!r}"
        text = text.replace(old, new)
    to.write_text(text)


@asynccontextmanager
async def _running(port: int, *command: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output = asyncio.create_task(_read(process))
    try:
        while not await accepts(port):
            assert process.returncode is None, f"{command[0]} did not start: {await output}"
            await asyncio.sleep(0.02)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await output


async def _read(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.read()).decode()
