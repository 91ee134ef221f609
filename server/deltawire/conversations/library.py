"""Keep an owner's folders and prompts.

Each method raises `Failure`: `not_found`, `storage_full`, `store_unavailable`.
"""

import time
from typing import Any, Final

from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.database import Database
from deltawire.conversations.library_schemas import Folder, Prompt, PromptChange
from deltawire.conversations.tables import conversations, folders, prompts
from deltawire.conversations.texts import new_id, storable
from deltawire.protocol.errors import Failure

MAX_FOLDERS: Final = 200
MAX_PROMPTS: Final = 200
MAX_PROMPTS_CHARS: Final = 500_000
"""The most characters of all prompts of one owner: `GET /prompts` returns them in one response."""


async def check_folder(connection: AsyncConnection, owner: str, folder: str) -> None:
    """Raise `Failure` (`not_found`) for a folder that does not exist or is another owner's."""
    mine = (folders.c.id == folder, folders.c.owner == owner)
    if await connection.scalar(select(folders.c.id).where(*mine)) is None:
        raise Failure("not_found", "There is no such folder.", field="folder")


class Library:
    """The folders and the prompts of all owners."""

    def __init__(self, database: Database) -> None:
        """Prepare; nothing is read yet."""
        self._database = database

    async def folders(self, owner: str) -> list[Folder]:
        """Return the owner's folders, by name."""
        return [Folder(**row) for row in await self._all(folders, owner, Folder.__struct_fields__)]

    async def add_folder(self, owner: str, name: str) -> Folder:
        """Add a folder."""
        folder = Folder(id=new_id(), name=storable(name), created=time.time())
        await self._add(folders, owner, MAX_FOLDERS, id=folder.id, name=folder.name, created=folder.created)
        return folder

    async def rename_folder(self, owner: str, folder: str, name: str) -> Folder:
        """Rename a folder."""
        return Folder(**await self._change(folders, owner, folder, Folder.__struct_fields__, name=storable(name)))

    async def delete_folder(self, owner: str, folder: str) -> None:
        """Delete a folder; its conversations stay, without a folder."""
        async with self._database.writing(owner) as transaction:
            await _delete(transaction, folders, owner, folder)
            in_folder = (conversations.c.owner == owner, conversations.c.folder == folder)
            await transaction.execute(update(conversations).where(*in_folder).values(folder=None))

    async def prompts(self, owner: str) -> list[Prompt]:
        """Return the owner's prompts, by name."""
        return [Prompt(**row) for row in await self._all(prompts, owner, Prompt.__struct_fields__)]

    async def add_prompt(self, owner: str, name: str, text: str) -> Prompt:
        """Add a prompt."""
        prompt = Prompt(id=new_id(), name=name, text=storable(text), created=time.time())
        row = {"id": prompt.id, "name": prompt.name, "text": prompt.text, "created": prompt.created}
        await self._add(prompts, owner, MAX_PROMPTS, **row)
        return prompt

    async def change_prompt(self, owner: str, prompt: str, change: PromptChange) -> Prompt:
        """Change the name or the text of a prompt."""
        changes = {"name": change.name, "text": None if change.text is None else storable(change.text)}
        columns = {name: value for name, value in changes.items() if value is not None}
        return Prompt(**await self._change(prompts, owner, prompt, Prompt.__struct_fields__, **columns))

    async def delete_prompt(self, owner: str, prompt: str) -> None:
        """Delete a prompt."""
        async with self._database.writing(owner) as transaction:
            await _delete(transaction, prompts, owner, prompt)

    async def _all(self, table: Table, owner: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
        listed = select(*(table.c[name] for name in names)).where(table.c.owner == owner)
        async with self._database.reading(owner) as connection:
            rows = (await connection.execute(listed.order_by(table.c.name, table.c.id))).mappings().all()
        return [dict(row) for row in rows]

    async def _add(self, table: Table, owner: str, most: int, **columns: Any) -> None:
        async with self._database.writing(owner) as transaction:
            count = await transaction.scalar(select(func.count()).where(table.c.owner == owner))
            if (count or 0) >= most:
                raise Failure("storage_full", f"This server keeps at most {most} {table.name} of one caller.")
            await transaction.execute(insert(table).values(owner=owner, **columns))
            await _check_prompts(transaction, table, owner)

    async def _change(
        self, table: Table, owner: str, row_id: str, names: tuple[str, ...], **columns: Any
    ) -> dict[str, Any]:
        mine = (table.c.id == storable(row_id), table.c.owner == owner)
        async with self._database.writing(owner) as transaction:
            if columns:
                await transaction.execute(update(table).where(*mine).values(**columns))
                await _check_prompts(transaction, table, owner)
            found = select(*(table.c[each] for each in names)).where(*mine)
            row = (await transaction.execute(found)).mappings().one_or_none()
        if row is None:
            raise Failure("not_found")
        return dict(row)


async def _check_prompts(transaction: AsyncConnection, table: Table, owner: str) -> None:
    """Raise `Failure` where the prompts of an owner are too long together; the transaction is rolled back then."""
    if table is prompts:
        total = await transaction.scalar(select(func.sum(func.length(prompts.c.text))).where(prompts.c.owner == owner))
        if (total or 0) > MAX_PROMPTS_CHARS:
            message = f"This server keeps at most {MAX_PROMPTS_CHARS:,} characters of prompts of one caller."
            raise Failure("storage_full", message, field="text")


async def _delete(transaction: AsyncConnection, table: Table, owner: str, row_id: str) -> None:
    mine = (table.c.id == storable(row_id), table.c.owner == owner)
    if not (await transaction.execute(delete(table).where(*mine))).rowcount:
        raise Failure("not_found")
