"""A name server that does not answer: a stop does not wait for it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.client import connected
from support.process import running

NAME_SERVER = "127.31.53.1"
in_a_mount_of_its_own = ["unshare", "--mount"]
may_change_its_resolver = pytest.mark.skipif(
    os.getuid() != 0 or subprocess.run([*in_a_mount_of_its_own, "true"], check=False).returncode != 0,
    reason="needs root, and a mount namespace",
)


@may_change_its_resolver
@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.nightly)])
async def test_a_stop_does_not_wait_for_a_name_look_up(tmp_path: Path, workers: str) -> None:
    resolver = tmp_path / "resolv.conf"
    resolver.write_text(f"nameserver {NAME_SERVER}\noptions timeout:20 attempts:1\n")
    command = f'mount --bind {resolver} /etc/resolv.conf && exec "$@"'
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((NAME_SERVER, 53))
        silent.setblocking(False)  # noqa: FBT003 - it has no name
        environment = {
            "GEMINI_API_KEY": "none",
            "GOOGLE_GEMINI_BASE_URL": "http://provider.test",
            "DELTAWIRE_WORKERS": workers,
            "DELTAWIRE_DRAIN_TIMEOUT": "0.2",
        }
        arguments = [*in_a_mount_of_its_own, "sh", "-c", command, "sh", sys.executable, "-m", "deltawire"]
        async with running(*arguments, **environment) as server:
            await server.ready()
            async with connected(server.address) as client:
                await client.chat(id="t1")
                await asyncio.get_running_loop().sock_recv(silent, 512)  # its name is being looked up
                server.process.send_signal(signal.SIGTERM)
                assert (await client.until_end())[-1]["code"] == "draining"
                assert await asyncio.wait_for(server.wait(), 8) == 0
        assert server.drained == (0, 1, 0)
        assert "deallocating" not in server.output
