"""Every private name of uvicorn and websockets that the transport stands on. One that has moved fails here by name."""

import inspect

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets import http11
from websockets.server import ServerProtocol

from deltawire.transport.websocket import WebSocketProtocol

MOVED = "{} has moved what server/deltawire/transport stands on: {}"

OURS = {"room", "write_text", "end", "open"}
"""Public methods of our socket that are not uvicorn's; all others are called by it, or call it."""

ATTRIBUTES: dict[type, set[str]] = {
    WebSocketsSansIOProtocol: {
        *("queue", "conn", "close_sent", "disconnected", "read_paused", "writable", "close_timer", "transport"),
        *("handshake_initiated", "handshake_complete", "frames", "response", "scope", "loop"),
    },
}


def test_uvicorn_has_each_method_that_we_override() -> None:
    theirs = WebSocketProtocol.__mro__[1]
    own = vars(WebSocketProtocol).items()
    overridden = {name for name, value in own if inspect.isfunction(value) and not name.startswith("_")}
    moved = {name for name in overridden - OURS if not hasattr(theirs, name)}
    assert not moved, MOVED.format("uvicorn", moved)


def test_uvicorn_keeps_what_our_http_protocol_uses() -> None:
    moved = {name for name in ("connections", "tasks", "default_headers") if name not in vars(ServerState())}
    assert not moved, MOVED.format("uvicorn", moved)


@pytest.mark.parametrize("theirs", ATTRIBUTES, ids=lambda theirs: theirs.__name__)
def test_uvicorn_keeps_each_attribute_that_we_use(theirs: type) -> None:
    source = inspect.getsource(theirs)
    moved = {name for name in ATTRIBUTES[theirs] if f"self.{name}" not in source}
    assert not moved, MOVED.format("uvicorn", moved)


def test_websockets_keeps_each_name_that_we_use() -> None:
    protocol = ServerProtocol()
    names = ("events", "handshake_exc", "close_sent", "state", "data_to_send", "send_close")
    moved = {name for name in names if not hasattr(protocol, name)}
    assert not moved, MOVED.format("websockets", moved)
    assert isinstance(protocol.events, list), MOVED.format("websockets", "Protocol.events")
    assert "MAX_LINE_LENGTH" in inspect.getsource(http11.parse_line), MOVED.format("websockets", "MAX_LINE_LENGTH")
