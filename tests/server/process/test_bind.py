"""The addresses that a server listens on."""

import socket
import subprocess
import sys

import pytest

from deltawire.process.server import bind

WITH_TAKEN_PORTS = """
import socket
from contextlib import ExitStack
from deltawire.process.server import bind
taken = {port for port in range(40000, 40064) if port % 4 < 2}
with ExitStack() as stack:
    for port in taken:
        stack.enter_context(socket.create_server(("0.0.0.0", port)))
    for _ in range(20):
        for listener in bind("::", 0):
            assert listener.getsockname()[1] not in taken
            listener.close()
"""
few_ports = "echo 40000 40063 > /proc/sys/net/ipv4/ip_local_port_range"
in_a_network_of_few_ports = ["unshare", "--map-root-user", "--net", "sh", "-c", f'{few_ports} && exec "$@"', "sh"]
may_make_a_network = pytest.mark.skipif(
    subprocess.run([*in_a_network_of_few_ports, "true"], capture_output=True, check=False).returncode != 0,
    reason="needs network namespaces",
)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("host, reached", [("::", ["127.0.0.1", "::1"]), ("0.0.0.0", ["127.0.0.1"]), ("::1", ["::1"])])
def test_who_listens_everywhere_is_reached_by_ipv4_and_ipv6(host: str, reached: list[str], *, shared: bool) -> None:
    listeners = bind(host, 0, shared=shared)
    port = listeners[0].getsockname()[1]
    for address in reached:
        with socket.create_connection((address, port), timeout=5) as client:
            peers = {accepted_from(listener) for listener in listeners if listener.family == client.family}
            assert peers == {address}
    for listener in listeners:
        listener.close()


@may_make_a_network
def test_a_port_that_the_kernel_chooses_is_free_at_each_address() -> None:
    subprocess.run([*in_a_network_of_few_ports, sys.executable, "-c", WITH_TAKEN_PORTS], check=True)


def accepted_from(listener: socket.socket) -> str:
    """The address of the next client, as the server knows it."""
    connection, address = listener.accept()
    connection.close()
    return str(address[0])
