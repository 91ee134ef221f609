"""The addresses that a server listens on."""

import socket

import pytest

from deltawire.process.server import bind


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


def accepted_from(listener: socket.socket) -> str:
    """The address of the next client, as the server knows it."""
    connection, address = listener.accept()
    connection.close()
    return str(address[0])
