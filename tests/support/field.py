"""Cases from the field: what an upstream does, byte for byte and wait for wait, what is asked, and what is right.

The format is JSON, one case a file; `FIELD_CASES_DIR` names a folder of them, else the repository's own are read.
"""

import asyncio
import base64
import json
import os
import socket
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final

from support.client import Frame, text_of
from support.loopback import Connection, LoopbackServer

Case = dict[str, Any]
OWN: Final = Path(__file__).parent.parent / "server" / "gemini" / "field"
_JUDGED_APART: Final = {
    *("usage", "retry_after_between", "retry_header", "min_seconds", "max_seconds", "log_has", "spread", "stored")
}
_REASONS: Final = {200: "OK", 429: "Too Many Requests"}


def field_cases() -> dict[str, Case]:
    """Every case, by its name."""
    folder = os.environ.get("FIELD_CASES_DIR")
    files = sorted((Path(folder) if folder else OWN).glob("*.json"))
    assert files, f"there are no cases in {folder or OWN}"
    return {file.stem: json.loads(file.read_text()) for file in files}


class FieldUpstream(LoopbackServer):
    """Plays the tries of the case that a question names with its last word; `requests` counts how often it came."""

    def __init__(self, cases: dict[str, Case]) -> None:
        super().__init__()
        self._cases = cases
        self.requests: Counter[str] = Counter()

    async def answers(self, connection: Connection) -> None:
        question = json.loads(connection.body)["contents"][-1]["parts"][0]["text"]
        self.requests[question] += 1
        tries = self._cases[question.split()[-1]]["upstream"]
        with suppress(RuntimeError):  # uvloop's word for a connection that has just been reset
            await _play(tries[min(self.requests[question], len(tries)) - 1], connection.reader, connection.writer)


async def _play(play: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send one answer. Where nothing else is said, the connection closes after it."""
    await asyncio.sleep(play.get("head_wait", 0))
    status, framing = play.get("status", 200), play.get("frame", "chunked")
    headers = {"Content-Type": "text/event-stream", "Connection": "close"} | play.get("headers", {})
    pieces = list(_pieces(play["steps"]))
    if framing == "length":
        headers["Content-Length"] = str(sum(len(piece) for piece in pieces if isinstance(piece, bytes)))
    elif framing == "chunked":
        headers["Transfer-Encoding"] = "chunked"
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Whatever')}"]
    lines += [f"{name}: {_dated(value)}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    for piece in pieces:
        if isinstance(piece, bytes):
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if framing == "chunked" else piece)
            await writer.drain()
        elif isinstance(piece, float):
            await asyncio.sleep(piece)
        elif piece == "stall":
            await reader.read()  # until the other side has had enough
        elif piece == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            return
        else:
            return
    if framing == "chunked":
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def _pieces(steps: list[dict[str, Any]]) -> Iterator[bytes | float | str]:
    """Yield what is sent, what is waited for in seconds, and `stall`, `reset` or `close`."""
    zipper = zlib.compressobj(wbits=31)
    deflater = zlib.compressobj(wbits=15)
    for number, step in enumerate(steps):
        is_last = bool(step.get("last")) or number == len(steps) - 1
        if "text" in step:
            yield step["text"].encode()
        elif "b64" in step:
            yield base64.b64decode(step["b64"])
        elif "wait" in step:
            yield float(step["wait"])
        elif "gzip" in step:
            end = zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH
            yield zipper.compress(step["gzip"].encode()) + zipper.flush(end)
        elif "member" in step:
            member = zlib.compressobj(wbits=31)
            yield member.compress(step["member"].encode()) + member.flush()
        elif "deflate" in step:
            end = zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH
            yield deflater.compress(step["deflate"].encode()) + deflater.flush(end)
        elif "image" in step:
            data = base64.b64encode(bytes(step["image"])).decode()
            part = {"inlineData": {"mimeType": "image/png", "data": data}}
            event = {"candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}]}
            yield b"data: " + json.dumps(event).encode() + b"\r\n\r\n"
        else:
            yield next(name for name in ("stall", "reset", "close") if name in step)


def _dated(value: str) -> str:
    """A header's value; `@date+30` is an HTTP date 30 s from now."""
    if not value.startswith("@date"):
        return value
    return format_datetime(datetime.now(UTC) + timedelta(seconds=float(value[5:])), usegmt=True)


class Outcome:
    """The outcome of a case over one transport."""

    def __init__(self, frames: list[Frame], seconds: float, requests: int, logged: str) -> None:
        self.end = frames[-1]
        self.text = text_of(frames)
        self.thoughts = text_of(frames, "thought")
        self.seconds = seconds
        self.requests = requests
        self.logged = logged

    def misses(self, expect: dict[str, Any]) -> list[str]:
        """A line for everything that is not as it is expected."""
        if "any" in expect:
            misses = [self.misses(one) for one in expect["any"]]
            return [] if [] in misses else [f"none of {expect['any']}: {self.end}, {self.text!r}"]
        actual = {**(self.end.get("usage") or {}), **self.end, "text": self.text, "thoughts": self.thoughts}
        actual["requests"] = self.requests
        lines = _differences({name: value for name, value in expect.items() if name not in _JUDGED_APART}, actual)
        lines += [f"usage: {line}" for line in _differences(expect.get("usage", {}), self.end.get("usage") or {})]
        low, high = expect.get("retry_after_between", (None, None))
        if low is not None and not low <= (self.end.get("retry_after") or 0) <= high:
            lines.append(f"retry_after: {self.end.get('retry_after')}")
        if not expect.get("min_seconds", 0) <= self.seconds <= expect.get("max_seconds", 600):
            lines.append(f"seconds: {self.seconds:.1f}")
        if expect.get("log_has", "") not in self.logged:
            lines.append(f"{expect['log_has']} is not in the log")
        return lines


def _differences(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    return [
        f"{name}: {actual.get(name)!r}, not {value!r}" for name, value in expected.items() if actual.get(name) != value
    ]
