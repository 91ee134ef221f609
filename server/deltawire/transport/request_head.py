"""The head of a request: its parsed parts, with a bound on their size, and its ASGI scope."""

from typing import Any, Final
from urllib.parse import unquote

import httptools
from websockets.datastructures import Headers
from websockets.http11 import Request

from deltawire.protocol.errors import Failure
from deltawire.transport.link import MAX_HEADER_BYTES, MAX_HEADERS

_VERSIONS: Final = ("1.0", "1.1")
_MOST_SMALL_PIECES: Final = 4_000
_SMALL_BYTES: Final = 64
"""A body may come in that many pieces, and in one more for each of so many bytes. It takes as long to read a chunk of a
single byte as a thousand bytes in one piece."""
_BODY_HEADERS: Final = {b"content-length", b"transfer-encoding"}


class RequestHead:
    """A request line and its headers, collected from the parser."""

    def __init__(self) -> None:
        """Start empty."""
        self.method = ""
        self.version = ""
        self.headers: list[tuple[bytes, bytes]] = []
        self._target = b""
        self._bytes = 0
        self._headers_left = MAX_HEADERS
        """The number of headers that may still come."""
        self._is_whole = False
        self._pieces_left: float = _MOST_SMALL_PIECES

    def add_target(self, piece: bytes) -> None:
        """Take a piece of the request's target; raise `Failure` when the head is too large."""
        self._bytes += len(piece)
        if self._bytes > MAX_HEADER_BYTES:
            raise too_large_head()
        self._target += piece

    def add_header(self, name: bytes, value: bytes) -> None:
        """Take a header; raise `Failure` when the head is too large.

        A trailer is counted, and dropped: a proxy that sets a header, or removes one, does not do so with what comes
        after the body (RFC 9110, 6.5.1).
        """
        self._bytes += len(name) + len(value)
        self._headers_left -= 1
        if self._bytes > MAX_HEADER_BYTES or self._headers_left < 0:  # the parser reads none of the rest
            raise too_large_head()
        if not self._is_whole:
            self.headers.append((name.lower(), value))

    def count_piece(self, size: int) -> None:
        """Count a piece of the body; raise `Failure` for one that comes in very many small ones."""
        self._pieces_left += size / _SMALL_BYTES - 1
        if self._pieces_left < 0:
            raise Failure("invalid_frame", "The body comes in too many small chunks.", field="Transfer-Encoding")

    def finish(self, method: str, version: str) -> None:
        """Store the method and the version; raise `Failure` for a request that no route could answer."""
        self.method = method
        self.version = version
        self._is_whole = True
        if version not in _VERSIONS:
            raise Failure("unsupported", "This server speaks HTTP/1.1, and HTTP/1.0.", status=505)
        if method == "CONNECT":
            raise Failure("unsupported", "This server is no proxy: it does not take CONNECT.", status=501)
        codings = [value.strip().lower() for name, value in self.headers if name == b"transfer-encoding"]
        if codings and (codings != [b"chunked"] or version == "1.0"):  # HTTP/1.0 has none (RFC 9112, 6.1)
            message = "A body is sent as it is, or chunked."
            raise Failure("unsupported", message, field="Transfer-Encoding", status=501)

    @property
    def wants_socket(self) -> bool:
        """True for a WebSocket handshake, as far as HTTP tells (RFC 6455, 4.1).

        An upgrade to anything else is ignored, as is one in HTTP/1.0 (RFC 9110, 7.8).
        """
        return self.method == "GET" and self.version == "1.1" and b"websocket" in self.list_header(b"upgrade")

    @property
    def expects_continue(self) -> bool:
        """True where the client waits for a 100 before it sends the body; in HTTP/1.0 this is ignored."""
        return self.version == "1.1" and b"100-continue" in self.list_header(b"expect")

    def list_header(self, name: bytes) -> list[bytes]:
        """Return the parts of a header that is a list, in lower case, over all its lines."""
        parts = (part for key, value in self.headers if key == name for part in value.split(b","))
        return [part.strip().lower() for part in parts if part.strip()]

    def without_upgrade(self) -> bytes:
        """Return the bytes of the head without its `Upgrade`."""
        lines = [b"%b %b HTTP/%b" % (self.method.encode(), self._target, self.version.encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def handshake(self) -> Request:
        """Return a WebSocket handshake, with no host in its target; raise `Failure` where it has a body."""
        raw_path, query, fields = self._resolved()
        headers = Headers()
        has_body = False
        for name, value in fields:
            has_body = has_body or (name in _BODY_HEADERS and value != b"0")
            if name != b"upgrade":
                headers[name.decode()] = value.decode("latin-1")
        if has_body or not self._target.isascii():
            raise Failure("invalid_frame", "That is not a WebSocket handshake of version 13 (RFC 6455).")
        headers["upgrade"] = "websocket"
        return Request((raw_path + b"?" + query if query else raw_path).decode(), headers)

    def scope(self, **connection: Any) -> dict[str, Any]:
        """Return the ASGI scope, with the entries of `connection` in it. Raise `Failure` for an invalid target."""
        raw_path, query, headers = self._resolved()
        path = raw_path.decode("ascii")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": self.version,
            "method": self.method,
            "root_path": "",
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": headers,
            **connection,
        }

    def _resolved(self) -> tuple[bytes, bytes, list[tuple[bytes, bytes]]]:
        """Return the path, the query and the headers; a host in the target replaces the Host (RFC 9112, 3.2.2)."""
        try:
            url = httptools.parse_url(self._target)
        except httptools.HttpParserInvalidURLError:
            raise Failure("invalid_frame", "The request's target is no path and no URL.") from None
        headers = self.headers
        if url.schema is not None:
            if url.schema.lower() not in (b"http", b"https") or url.userinfo is not None:
                raise Failure("invalid_frame", "The request's target is no path and no URL.")
            headers = _with_host(headers, self._target.split(b"/", 3)[2].partition(b"?")[0])
        return url.path or b"/", url.query or b"", headers


def too_large_head() -> Failure:
    """Return the failure of a request whose headers are over their bound."""
    return Failure("message_too_large", "The headers are longer, or more, than this server takes.", status=431)


def _with_host(headers: list[tuple[bytes, bytes]], host: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers with this Host in place of each Host; the gate refuses none and several."""
    return [(name, host if name == b"host" else value) for name, value in headers]


def parser_for(protocol: object) -> httptools.HttpRequestParser:
    """Return a parser that accepts data after a request with `Connection: close`."""
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser
