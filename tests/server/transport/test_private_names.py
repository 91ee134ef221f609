"""Every inner name of uvicorn and websockets that the transport stands on. One that has moved fails here by name."""

import inspect

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets import http11
from websockets.protocol import State
from websockets.server import ServerProtocol

MOVED = "{} has moved what server/deltawire/transport stands on: {}"


def test_uvicorn_keeps_what_our_protocols_use_of_a_server() -> None:
    moved = {name for name in ("connections", "tasks", "default_headers") if name not in vars(ServerState())}
    assert not moved, MOVED.format("uvicorn", moved)


def test_uvicorn_keeps_what_our_protocols_use_of_its_configuration() -> None:
    config = Config("nothing:here", ws="none")
    source = inspect.getsource(Config)
    names = ("ws_max_size", "ws_ping_interval", "ws_ping_timeout", "loaded_app", "ws_protocol_class")
    moved = {name for name in names if not hasattr(config, name) and f"self.{name}" not in source}
    assert not moved, MOVED.format("uvicorn", moved)


def test_websockets_keeps_each_name_that_we_use() -> None:
    protocol = ServerProtocol(state=State.OPEN)
    names = ("close_sent", "close_rcvd", "state", "parser", "parser_exc", "fail", "send_response", "send_close")
    moved = {name for name in names if not hasattr(protocol, name)}
    assert not moved, MOVED.format("websockets", moved)
    assert hasattr(protocol.reader, "buffer"), MOVED.format("websockets", "Protocol.reader.buffer")
    assert "MAX_LINE_LENGTH" in inspect.getsource(http11.parse_line), MOVED.format("websockets", "MAX_LINE_LENGTH")
