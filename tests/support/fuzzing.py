"""Somebody with a good key who sends what nobody would: frames and requests drawn at random from a seed."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from support.siege import MIB, Attacker, frame

FIELDS = (
    *("type", "id", "message", "history", "conversation", "parent", "model", "system", "temperature", "top_p"),
    *("max_output_tokens", "stop", "thinking", "token", "title", "settings", "role", "text", "x"),
    *("ref", "grace", "run", "after", "files", "tools", "tool_choice", "response_schema", "tool_results", "state"),
    *("call", "result", "error", "name", "description", "parameters", "seed", "pinned", "archived", "folder", "days"),
    *("public", "conversations", "mapping", "messages", "prompts", "folders", "input", "content"),
    *("stream", "tool_calls", "response_format", "properties", "items", "enum"),
)
PATHS = (
    *("/chat", "/chat/stream", "/conversations", "/conversations/{id}", "/conversations/{id}/export", "/models"),
    *("/usage", "/metrics", "/readyz", "/schema/openapi.json", "/ws", "/", "/c/x", "/conversations?q={text}"),
    *("/runs", "/runs/{id}", "/runs/{id}/events?after={text}"),
    *("/files", "/files/{id}", "/files/{id}/content", "/files?name={text}", "/files?limit={text}&cursor={text}"),
    *("/folders", "/folders/{id}", "/prompts", "/prompts/{id}", "/shares", "/shares/{id}", "/shared/{text}"),
    *("/conversations/{id}/shares", "/conversations/{id}/title", "/conversations/export", "/conversations/import"),
    *(
        "/conversations?folder={text}&pinned={text}",
        "/conversations/{id}/export?files=true&message={text}",
    ),
    *("/v1/chat/completions", "/v1/responses", "/v1/models", "/v1/models/{text}", "/chat/stream?format=ai-sdk"),
    *("/conversations?limit={text}", "/conversations?cursor={text}", "/usage?days={text}"),
)
HEADERS = (
    *("Accept: application/openmetrics-text; version={text}", "Accept: text/plain; version={text}", "Accept: {text}"),
    *("Content-Type: {text}", "Transfer-Encoding: {text}", "Content-Encoding: {text}", "Expect: {text}"),
    *("Connection: {text}", "Upgrade: websocket", "Sec-WebSocket-Version: {text}", "Accept-Encoding: {text}"),
    *("Origin: {text}", "X-Forwarded-For: {text}", "Range: bytes={text}", "If-None-Match: {text}", "Cookie: {text}"),
)
FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}
MESSAGE = {"id": "m", "parent": None, "role": "user", "text": "hi"}
NODE = {"parent": None, "message": {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["hi"]}}}
TEMPLATES: tuple[dict[str, Any], ...] = (
    {"type": "chat", "message": "call a function", "id": "f1", "tools": [FUNCTION], "tool_choice": "auto"},
    {"type": "tool_result", "id": "f1", "call": "f", "result": {"a": 1}},
    {"type": "chat", "message": "hi", "id": "f2", "response_schema": FUNCTION["parameters"], "files": ["x"]},
    {"message": "hi", "tools": [FUNCTION], "tool_results": [{"call": "f", "result": 1}], "state": "x"},
    {"model": "gemini-flash-latest", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
    {"model": "gemini-flash-latest", "input": [{"role": "user", "content": "hi"}], "stream": True},
    {"title": "x", "messages": [MESSAGE], "settings": {"system": "x"}, "pinned": True, "folder": None},
    {"title": "x", "mapping": {"a": NODE, "b": {**NODE, "parent": "a"}}, "create_time": 1.5},
    {"conversations": [{"messages": [MESSAGE]}], "folders": [{"id": "x", "name": "x"}], "prompts": [{"name": "x"}]},
    {"name": "x", "text": "x"},
    {"message": "x", "public": False, "days": 3},
)
"""Whole requests of each kind; one place of each is replaced."""
ALPHABETS = ("a", "a b", "0123456789", "-1.5e9", "äö\U0001f600", "\0\n\r\t", '"\\/{}[]`<>', "\u2028\u0301\ud800")
GENEROUS = {"max_frames_per_second": "1000", "max_handshakes_per_minute": "100000"}
"""Settings of a server that is not to refuse most of it for its rate."""
LONGEST = MIB // 2
"""Bytes of JSON that one list of equal items may have."""
METHODS = (*["GET"] * 6, *["POST"] * 6, "PATCH", "DELETE", "HEAD", "OPTIONS", "PUT", "TRACE")
CLOSE = b"\x88"
"""The first byte of a close frame; no other frame from a server has it."""


class Fuzzer:
    """Draws what to send, and counts what comes back."""

    def __init__(self, attacker: Attacker, seed: int) -> None:
        self.attacker = attacker
        self.statuses: Counter[int] = Counter()
        self.codes: Counter[str] = Counter()
        self._random = random.Random(seed)

    async def go(self, times: int | None = None) -> None:
        """Send so many things, or go on until it is cancelled."""
        for _ in count() if times is None else range(times):
            with suppress(ConnectionError, asyncio.IncompleteReadError, OSError):
                async with asyncio.timeout(5):
                    await (self._request() if self._random.random() < 0.7 else self._socket())

    def text(self) -> str:
        """Some text: short or long, of all kinds of characters."""
        draw = self._random
        size = draw.choice((0, 1, 3, 20, 300, 5_000, 100_001))
        return "".join(draw.choices(draw.choice(ALPHABETS), k=min(size, 300))) * max(1, size // 300)

    def value(self, depth: int = 0) -> Any:
        """Some JSON."""
        draw = self._random
        makers = (
            *(self.text, self.text, self.text, list),
            lambda: draw.choice((0, -1, 1, 2**31, 2**64, 10**400, 0.5, 1e308, 1.0, None, True, False)),
            lambda: draw.choice(
                (
                    *("chat", "cancel", "resume", "auth", "tool_result", "user", "model", "assistant", "off", "high"),
                    *("search", "url_context", "code", "any", "none", "object", "function", "text"),
                    self.attacker.large,
                )
            ),
            lambda: [self.value(depth + 1) for _ in range(draw.randrange(6))],
            self.repeated,
            lambda: self.fields(depth + 1),
        )
        return draw.choice(makers if depth < 4 else makers[:6])()

    def repeated(self) -> list[Any]:
        """A list of one item again and again."""
        item = self.value(4)
        return [item] * min(self._random.choice((10, 1_000, 20_000)), LONGEST // len(json.dumps(item)))

    def fields(self, depth: int = 0) -> dict[str, Any]:
        """An object of some fields."""
        draw = self._random
        if depth == 0 and draw.random() < 0.4:
            changed = self.changed(draw.choice(TEMPLATES))
            return changed if isinstance(changed, dict) else {}
        given = {draw.choice(FIELDS): self.value(depth) for _ in range(draw.randrange(5))}
        if draw.random() < 0.5:
            given |= {"type": "chat", "message": "hi", "id": f"t{draw.randrange(9)}"} if depth == 0 else {"text": "hi"}
        return given

    def changed(self, whole: Any) -> Any:
        """The same, with another value somewhere in it, or with one more field."""
        draw = self._random
        if not whole or not isinstance(whole, (dict, list)) or draw.random() < 0.2:
            return self.value(1)
        if isinstance(whole, list):
            place = draw.randrange(len(whole))
            return [self.changed(each) if at == place else each for at, each in enumerate(whole)]
        name = draw.choice(list(whole)) if draw.random() < 0.9 else draw.choice(FIELDS)
        return {**whole, name: self.changed(whole.get(name))}

    def body(self) -> bytes:
        """An object, or something that was one."""
        draw = self._random
        body = json.dumps(self.fields()).encode()[: 4 * MIB]
        if draw.random() < 0.3 and body:
            at = draw.randrange(len(body))
            body = body[:at] + draw.randbytes(draw.randrange(4)) + body[at + draw.randrange(4) :]
        return body

    async def _request(self) -> None:
        draw = self._random
        path = draw.choice(PATHS)
        name = draw.choice((self.attacker.large, "none", "%00", "a" * 2_000))
        wanted = "".join(f"%{byte:02x}" for byte in self.text().encode(errors="replace")[:200])
        path = path.format(id=name, text=wanted)
        fields = [draw.choice(HEADERS).format(text=self._value_of_header()) for _ in range(draw.randrange(3))]
        method, body = draw.choice(METHODS), b"" if draw.random() < 0.4 else self.body()
        if body and draw.random() < 0.8:
            fields += ["Content-Type: application/json"]
        if body:
            fields += [f"Content-Length: {len(body)}"]
        reader, writer = await self.attacker.connect()
        try:
            writer.write(self.attacker.head(method, path, *fields, "Connection: close") + body)
            await writer.drain()
            line = await reader.readline()
            if line.startswith(b"HTTP/1.1 "):
                self.statuses[int(line.split(b" ")[1])] += 1
            while await reader.read(2**16):
                pass
        finally:
            writer.close()

    def _value_of_header(self) -> str:
        return "".join(char for char in self.text()[:300] if " " <= char <= "~")

    async def _socket(self) -> None:
        draw = self._random
        reader, writer = await self.attacker.socket()
        try:
            for _ in range(draw.randrange(1, 12)):
                opcode = draw.choice((0x81, 0x81, 0x81, 0x81, 0x82, 0x01, 0x80, 0x89, 0x8A, 0x83, 0xC1))
                payload = self.body()
                writer.write(frame(payload[:125] if opcode in (0x89, 0x8A) else payload, opcode))
                await writer.drain()
            writer.write(frame(b"\x03\xe8", 0x88))
            received = b""
            while CLOSE not in received and (more := await reader.read(2**16)):
                received += more
            for code in ("internal", "invalid_frame", "invalid_json", "message_too_large"):
                self.codes[code] += received.count(b'"code":"%b"' % code.encode())
        finally:
            writer.close()


def fuzzed(fuzzers: Sequence[Fuzzer]) -> tuple[Counter[int], Counter[str]]:
    """The statuses and the codes that came back, of all of them."""
    statuses, codes = Counter[int](), Counter[str]()
    for fuzzer in fuzzers:
        statuses += fuzzer.statuses
        codes += fuzzer.codes
    return statuses, codes
