"""Every private name of uvicorn and websockets that the transport stands on. One that has moved fails here by name."""

import inspect

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets import http11
from websockets.server import ServerProtocol

from deltawire.transport.http import HttpProtocol
from deltawire.transport.websocket import WebSocketProtocol

MOVED = "{} has moved what server/deltawire/transport stands on: {}"

OURS = {
    WebSocketProtocol: {"room", "write_text", "end"},
    HttpProtocol: {"has_room", "is_gone", "room", "write_piece", "abort"},
}
"""Public methods that are not uvicorn's; all others are called by it, or call it."""

ATTRIBUTES = {
    WebSocketsSansIOProtocol: {
        *("queue", "conn", "close_sent", "disconnected", "read_paused", "writable", "close_timer", "transport"),
        *("handshake_initiated", "handshake_complete", "frames", "response", "scope", "loop"),
    },
    HttpToolsProtocol: {"flow", "transport", "cycle", "scope"},
}


@pytest.mark.parametrize("ours", OURS, ids=lambda ours: ours.__name__)
def test_uvicorn_has_each_method_that_we_override(ours: type) -> None:
    theirs = ours.__mro__[1]
    overridden = {name for name, value in vars(ours).items() if inspect.isfunction(value) and not name.startswith("_")}
    moved = {name for name in overridden - OURS[ours] if not hasattr(theirs, name)}
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
