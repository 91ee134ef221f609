"""A client of the conversations, over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from sqlalchemy import text

from deltawire.conversations.database import Database


class Conversations:
    """A client of the routes of conversations."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def call(self, method: str, path: str = "", body: Any = None, **parameters: str | int) -> tuple[int, Any]:
        """The status, and the body where it is JSON."""
        async with self._http.request(method, f"/conversations{path}", json=body, params=parameters) as response:
            is_json = response.content_type.endswith("json")
            return response.status, await response.json(content_type=None) if is_json else await response.text()

    async def create(self, **fields: Any) -> str:
        """A new one; its id."""
        status, conversation = await self.call("POST", body=fields)
        assert status == 201
        return str(conversation["id"])

    async def read(self, conversation: str) -> Any:
        status, tree = await self.call("GET", f"/{conversation}")
        assert status == 200
        return tree

    async def archive(self, conversation: str) -> bytes:
        """Its export with its files."""
        async with self._http.get(f"/conversations/{conversation}/export", params={"files": "true"}) as response:
            assert (response.status, response.content_type) == (200, "application/zip")
            return await response.read()

    async def messages(self, conversation: str) -> list[Any]:
        """Its messages."""
        return list((await self.read(conversation))["messages"])

    async def page(self, **parameters: Any) -> Any:
        status, page = await self.call("GET", **parameters)
        assert status == 200, page
        return page

    async def found(self, q: str) -> list[str]:
        """The ids of what a search finds."""
        return [conversation["id"] for conversation in (await self.page(q=q))["conversations"]]

    async def is_ready(self) -> bool:
        """Return True if `/readyz` says so."""
        async with self._http.get("/readyz") as response:
            return response.status == 200


@asynccontextmanager
async def conversations_of(address: str) -> AsyncIterator[Conversations]:
    async with aiohttp.ClientSession(f"http://{address}") as http:
        yield Conversations(http)


async def belongs_to(url: str, conversation: str, owner: str) -> None:
    """Give a conversation to somebody else."""
    database = Database(url)
    async with database.writing() as transaction:
        for statement in (
            "UPDATE conversations SET owner = :owner WHERE id = :id",
            "UPDATE messages SET owner = :owner WHERE conversation = :id",
        ):
            await transaction.execute(text(statement), {"owner": owner, "id": conversation})
    await database.close()


async def whole(client: Conversations, conversations: list[str]) -> None:
    """See that every parent is there, and that questions are answered exactly when an answer stands below them."""
    for conversation in conversations:
        messages = await client.messages(conversation)
        ids = {message["id"] for message in messages}
        answered = {message["parent"] for message in messages if message["role"] == "model"}
        for message in messages:
            assert message["parent"] is None or message["parent"] in ids
            assert message["answered"] == (None if message["role"] == "model" else message["id"] in answered)
