"""Stands between Playwright and a Firefox of a distribution: run as that browser, with its arguments.

Playwright drives a Firefox that is not its own over WebDriver BiDi, with commands of the newest one. A command of
emulation that this Firefox does not know is answered as if it had been done; everything else is passed on.
"""

import asyncio
import json
import os
import re
import sys
from functools import partial

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

_LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")


async def _bridge(address: str, playwright: ServerConnection) -> None:
    emulations: set[int] = set()
    async with connect(f"{address}/session", max_size=None, compression=None, origin=None) as firefox:

        async def up() -> None:
            async for message in playwright:
                command = json.loads(message)
                if command["method"].startswith("emulation."):
                    emulations.add(command["id"])
                await firefox.send(message)

        async def down() -> None:
            async for message in firefox:
                answer = json.loads(message)
                if answer.get("error") == "unknown command" and answer.get("id") in emulations:
                    message = json.dumps({"type": "success", "id": answer["id"], "result": {}})  # noqa: PLW2901
                await playwright.send(message)

        await asyncio.wait([asyncio.ensure_future(up()), asyncio.ensure_future(down())], return_when="FIRST_COMPLETED")


async def _run(executable: str, *arguments: str) -> int:
    process = await asyncio.create_subprocess_exec(executable, *arguments, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        async for line in process.stderr:
            if found := _LISTENING.search(line):
                address = found[1].decode()
                server = await serve(partial(_bridge, address), "127.0.0.1", 0, max_size=None)
                port = next(iter(server.sockets)).getsockname()[1]
                sys.stderr.write(f"WebDriver BiDi listening on ws://127.0.0.1:{port}\n")
                sys.stderr.flush()
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()


if __name__ == "__main__":
    sys.exit(asyncio.run(_run(os.environ["FIREFOX"], *sys.argv[1:])))
