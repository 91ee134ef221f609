"""The server's log, as a test reads it."""

import asyncio
from typing import Any

import structlog

Line = dict[str, Any]


class Log:
    """A structlog processor that keeps every line and lets a test wait for one."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._arrived = asyncio.Event()

    def __call__(self, _: object, __: str, line: Line) -> Line:
        self.lines.append(line)
        self._arrived.set()
        raise structlog.DropEvent

    async def line(self, event: str, **fields: object) -> Line:
        """The first line with this event and these fields; wait for it if need be."""
        wanted = {"event": event, **fields}
        while True:
            for line in self.lines:
                if wanted.items() <= line.items():
                    return line
            self._arrived.clear()
            await self._arrived.wait()
