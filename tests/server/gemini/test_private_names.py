"""Every private name of others that the upstream stands on. One that has moved fails here, and says which."""

import inspect
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.client_proto import ResponseHandler
from aiohttp.streams import StreamReader
from google.genai import types
from google.genai._api_client import BaseApiClient
from support.upstream import Upstream, starts_and_is_silent

from deltawire.gemini.account import Account
from deltawire.gemini.client import GeminiClient
from deltawire.gemini.connection import Connection
from deltawire.protocol.chat_request import ChatRequest

SEAM = "google-genai has moved the seam that gemini/client.py stands on: "
INSIDE = "aiohttp has moved what gemini/connection.py and gemini/body.py stand on: "

CALLS: dict[str, tuple[Any, list[str]]] = {
    SEAM + "_build_request": (BaseApiClient._build_request, ["self", "http_method", "path", "request_dict"]),
    SEAM + "_async_request_once": (
        BaseApiClient._async_request_once,
        ["self", "http_request", "stream", "implicit_retry"],
    ),
    INSIDE + "TCPConnector._release": (aiohttp.TCPConnector._release, ["self", "key", "protocol"]),
    INSIDE + "TCPConnector._create_connection": (
        aiohttp.TCPConnector._create_connection,
        ["self", "req", "traces", "timeout"],
    ),
    INSIDE + "TCPConnector._wrap_create_connection": (
        aiohttp.TCPConnector._wrap_create_connection,
        ["self", "args", "addr_infos"],
    ),
    INSIDE + "TCPConnector._wrap_existing_connection": (
        aiohttp.TCPConnector._wrap_existing_connection,
        ["self", "args", "req", "timeout", "client_error", "kwargs"],
    ),
    INSIDE + "ResponseHandler.data_received": (ResponseHandler.data_received, ["self", "data"]),
    INSIDE + "ResponseHandler.connection_lost": (ResponseHandler.connection_lost, ["self", "exc"]),
    INSIDE + "ResponseHandler.set_response_params": (ResponseHandler.set_response_params, ["self"]),
    INSIDE + "ResponseHandler.resume_reading": (ResponseHandler.resume_reading, ["self", "resume_parser"]),
    INSIDE + "ResponseHandler._pause_transport_reading": (ResponseHandler._pause_transport_reading, ["self"]),
    INSIDE + "ResponseHandler._resume_transport_reading": (ResponseHandler._resume_transport_reading, ["self"]),
    INSIDE + "ResponseHandler.abort": (ResponseHandler.abort, ["self"]),
    INSIDE + "ResponseHandler.exception": (ResponseHandler.exception, ["self"]),
    INSIDE + "StreamReader.read_nowait": (StreamReader.read_nowait, ["self", "n"]),
    INSIDE + "StreamReader.on_eof": (StreamReader.on_eof, ["self", "callback"]),
}


@pytest.mark.parametrize("moved", CALLS)
def test_a_private_call_takes_what_we_give_it(moved: str) -> None:
    call, parameters = CALLS[moved]
    assert list(inspect.signature(call).parameters)[: len(parameters)] == parameters, moved


def test_the_call_that_sends_is_a_coroutine_and_takes_our_transport() -> None:
    assert inspect.iscoroutinefunction(BaseApiClient._async_request_once), SEAM + "_async_request_once"
    options = types.HttpOptions.model_fields
    assert {"aiohttp_client", "base_url", "api_version"} <= set(options), SEAM + "HttpOptions"


async def test_a_connection_knows_what_we_ask_it() -> None:
    async with aiohttp.TCPConnector() as connector:
        assert isinstance(connector._factory, partial), INSIDE + "TCPConnector._factory"
        assert connector._factory.func is ResponseHandler, INSIDE + "TCPConnector._factory"
        assert connector._loop is not None, INSIDE + "TCPConnector._loop"
        connection = connector._factory()
    assert connection._reading_paused is False, INSIDE + "BaseProtocol._reading_paused"
    assert connection.transport is None, INSIDE + "BaseProtocol.transport"
    assert isinstance(connection.should_close, bool), INSIDE + "ResponseHandler.should_close"
    assert isinstance(inspect.getattr_static(BaseProtocol, "connected"), property), INSIDE + "BaseProtocol.connected"


async def test_the_seam_gives_the_raw_response_on_a_connection_of_ours(upstream: Upstream) -> None:
    upstream.plays(starts_and_is_silent)
    async with GeminiClient(Account(api_key="secret", base_url=upstream.url, api_version="v1beta")) as client:
        stream = await client.open("m", ChatRequest(message="hi"), [])
        assert isinstance(stream._body._response, aiohttp.ClientResponse), SEAM + "HttpResponse.response_stream"
        assert isinstance(stream._body._connection, Connection), INSIDE + "ClientResponse.connection.protocol"
        stream.close()
