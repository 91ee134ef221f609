"""Framing: the bytes of a response's body in, payloads out. No I/O; the payloads are not interpreted.

The body of `:streamGenerateContent?alt=sse` is a series of server-sent events. An error may be in it as bare JSON over
several lines, and a proxy may send a whole response that way. A read may end anywhere, also inside a UTF-8 sequence.
Lines end in CRLF, LF or CR (WHATWG, "Parsing an event stream").
"""

import re
from typing import Final

from deltawire.gemini.events import LastingFailure

MAX_EVENT_BYTES: Final = 32 * 2**20
"""A picture of 20 MiB, the largest file that is kept by default, has 27 MiB in base64."""

# Possessive quantifiers: the matcher would store some hundred bytes for each repetition that it could backtrack.
_json_string = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
_field_line = re.compile(rb"[A-Za-z]*:")
"""A line with a field of a server-sent event; fields other than `data` are skipped."""
_EVENT_ENDS: Final = (b"\r\n", b"\n")
"""The bytes after the first line feed of an event of one line."""
_CR: Final = 13
"""A number: to look for bytes takes 2,000 instructions more, in which Python makes and drops a TypeError."""
_BOM: Final = b"\xef\xbb\xbf"


class EventStreamDecoder:
    """A decoder that splits a body into payloads: the `data` of one event each, or bare JSON whose braces balance."""

    def __init__(self) -> None:
        """Start at the first byte of a body."""
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._bare: list[bytes] = []
        self._depth = 0
        self._buffered = 0
        self._is_after_cr = False

    @property
    def is_between_events(self) -> bool:
        """True while no unfinished event is buffered."""
        return not (self._line or self._data or self._bare)

    def whole_event(self, data: bytes) -> bytes | None:
        """Return the payload of bytes that are exactly one event of one line, as most reads are; else None."""
        line, _, rest = data.partition(b"\n")
        is_whole = rest in _EVENT_ENDS and line[:5] == b"data:" and _CR not in line[:-1]
        if not is_whole or self._line or self._data or self._bare:
            return None
        return line[5:]

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that these bytes complete; raise `Failure` when one grows over `MAX_EVENT_BYTES`."""
        if self._is_after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._is_after_cr = data.endswith(b"\r")
        if _CR in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        payloads: list[bytes] = []
        *lines, rest = data.split(b"\n")
        for piece in lines:
            line = self._whole_line(piece) if self._line else piece
            if line.startswith(b"data:") and not self._bare:
                self._data.append(line[5:])
                self._buffered += len(line)
            elif line or self._bare:
                self._take_line(line, payloads)
            else:
                self._take_event(payloads)
        if rest:
            self._line.append(rest)
            self._buffered += len(rest)
        if self._buffered > MAX_EVENT_BYTES and not payloads:
            message = "The provider sent more in one piece than this server takes."
            raise LastingFailure("upstream_truncated", message, cause="an event over 32 MiB")
        return payloads

    def end(self) -> list[bytes]:
        """Return the payloads that are left at the end of the body, complete or not."""
        if self.is_between_events:  # as in most answers
            return []
        payloads: list[bytes] = []
        self._take_line(self._whole_line(b""), payloads)
        self._take_bare(payloads)
        self._take_event(payloads)
        return payloads

    def _whole_line(self, last: bytes) -> bytes:
        """Return the line whose last piece has come."""
        line = b"".join([*self._line, last])
        self._line.clear()
        self._buffered -= len(line) - len(last)
        return line

    def _take_line(self, line: bytes, payloads: list[bytes]) -> None:
        self._buffered += len(line)
        if self._bare:
            self._take_bare_line(line.rstrip(), payloads)
        elif line.startswith(b"data:"):
            self._data.append(line[5:])
        elif not (line := line.rstrip().removeprefix(_BOM)):
            self._take_event(payloads)
        elif line.startswith(b"data:"):
            self._data.append(line[5:])
        elif not _field_line.match(line):
            # An array's brackets and commas stand between its events.
            line = line.lstrip(b"[, \t")
            if line.startswith(b"{"):
                self._take_event(payloads)
                self._take_bare_line(line, payloads)

    def _take_bare_line(self, line: bytes, payloads: list[bytes]) -> None:
        """Collect bare JSON, line by line, until its braces balance."""
        self._bare.append(line)
        outside = _json_string.sub(b"", line)
        self._depth += outside.count(b"{") - outside.count(b"}")
        if self._depth <= 0:
            self._bare[-1] = line.rstrip(b"], \t")
            self._take_bare(payloads)

    def _take_bare(self, payloads: list[bytes]) -> None:
        """Append the collected objects as a JSON list, usually of one."""
        if self._bare:
            payload = b"\n".join(self._bare)
            self._bare.clear()
            self._depth = self._buffered = 0
            payloads.append(b"[%b]" % payload)

    def _take_event(self, payloads: list[bytes]) -> None:
        self._buffered = 0
        if self._data:
            payloads.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
            self._data.clear()
