"""Read conversations in portions: a long one is never in memory as a whole, nor does it delay other requests."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import asdict
from sqlalchemy import ColumnElement, RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.database import Database
from deltawire.conversations.export import branch, section, title_line
from deltawire.conversations.lanes import Lanes
from deltawire.conversations.library_schemas import SharedMessage
from deltawire.conversations.schemas import Conversation, LiveRun, Message
from deltawire.conversations.tables import messages
from deltawire.conversations.tree import Tree
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import encode
from deltawire.protocol.shown import Shown
from deltawire.protocol.usage_figures import UsageFigures

_OWN_FIELDS: Final = tuple(name for name in Message.__struct_fields__ if name not in Shown.__struct_fields__)
_COLUMNS: Final = tuple(messages.c[name] for name in (*_OWN_FIELDS, "shown"))
_ROWS: Final = 16
"""Messages of a portion: at most 6 MiB of questions, which stay in memory while a client reads slowly."""
_PIECE_BYTES: Final = 2**16
_OUTLINE_ROWS: Final = 1_000
_AT_ONCE: Final = 8
"""Conversations that are read out for one owner at once; each may wait for a client that reads slowly."""


class Portions:
    """Reads the conversations of a database; one for the process."""

    def __init__(self, database: Database) -> None:
        """Prepare; nothing is read yet."""
        self._database = database
        self._lanes = Lanes(_AT_ONCE)

    async def json(self, tree: Tree, head: Conversation, runs: Sequence[LiveRun] = ()) -> AsyncGenerator[bytes, None]:
        """Yield a conversation and all its messages as JSON, in pieces; raise `Failure`, also between two pieces.

        `runs` are its turns with grace that have not ended; the field is left out where there are none.
        """
        async with self._lanes.of(tree.owner):
            pieces = self._message_pieces(tree, encode)
            yield encode(head)[:-1] + b',"messages":['
            async for piece in pieces:
                yield piece
            yield b'],"runs":' + encode(runs) + b"}" if runs else b"]}"

    async def list_json(self, owner: str, read: Callable[[], Awaitable[Iterable[Any]]]) -> AsyncGenerator[bytes, None]:
        """Yield the list that `read` returns as JSON, in pieces; it is read when there is a lane for its owner."""
        async with self._lanes.of(owner):
            piece, comma = bytearray(b"["), b""
            for item in await read():
                piece += comma + encode(item)
                comma = b","
                if len(piece) >= _PIECE_BYTES:
                    yield bytes(piece)
                    piece.clear()
            yield bytes(piece) + b"]"

    async def indented_json(self, tree: Tree, head: Conversation) -> AsyncGenerator[bytes, None]:
        """Yield a conversation and all its messages as indented JSON, in pieces; raise `Failure` as `json` does."""
        async with self._lanes.of(tree.owner):
            beginning = msgspec.json.format(encode(head)).removesuffix(b"\n}") + b',\n  "messages": ['
            has_any = False
            async for piece in self._message_pieces(tree, _indented):
                yield beginning + piece
                beginning, has_any = b"", True
            yield beginning + (b"\n  ]\n}" if has_any else b"]\n}")

    async def markdown(self, tree: Tree, head: Conversation, leaf: str) -> AsyncGenerator[bytes, None]:
        """Yield the branch that ends in this message as Markdown, or the newest branch where `leaf` is empty."""
        async with self._lanes.of(tree.owner):
            branch_ids = branch([outline async for outline in self._outline(tree)], leaf)
            yield title_line(head.title).encode()
            for start in range(0, len(branch_ids), _ROWS):
                portion = branch_ids[start : start + _ROWS]
                async for message in self._messages(tree, messages.c.id.in_(portion)):
                    # In a thread: the time that a text takes grows with its lines.
                    yield (await asyncio.to_thread(section, message)).encode()
            yield b"\n"

    async def shared_json(
        self, tree: Tree, head: dict[str, Any], leaf: str, reader: str
    ) -> AsyncGenerator[bytes, None]:
        """Yield a title and the branch that ends in this message as JSON, for another `reader` than its owner.

        It has no id, setting, thought or figure.
        """
        async with self._lanes.of(reader):
            branch_ids = branch([outline async for outline in self._outline(tree, reader)], leaf)
            beginning, comma = encode(head)[:-1] + b',"messages":[', b""
            for start in range(0, len(branch_ids), _ROWS):
                only = messages.c.id.in_(branch_ids[start : start + _ROWS])
                async for message in self._messages(tree, only, reader=reader):
                    shared_message = SharedMessage(
                        role=message.role, text=message.text, model=message.model, created=message.created
                    )
                    yield beginning + comma + encode(shared_message)
                    beginning, comma = b"", b","
            yield beginning + b"]}"

    async def _message_pieces(self, tree: Tree, encode_message: Callable[[Message], bytes]) -> AsyncIterator[bytes]:
        piece, comma = bytearray(), b""
        async for message in self._messages(tree):
            piece += comma + encode_message(message)
            comma = b","
            if len(piece) >= _PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
        if piece:
            yield bytes(piece)

    async def _messages(
        self, tree: Tree, *only: ColumnElement[bool], reader: str | None = None
    ) -> AsyncIterator[Message]:
        """Yield messages in the order in which they were written. After each portion others may read."""
        last, is_over = -1, False
        while not is_over:
            chosen = select(messages.c.seq, *_COLUMNS).where(messages.c.conversation == tree.id, *only)
            chosen = chosen.where(messages.c.seq > last).order_by(messages.c.seq).limit(_ROWS)
            async with self._database.reading(tree.owner if reader is None else reader) as connection:
                found = (await connection.execute(chosen)).mappings().all()
                is_over = len(found) < _ROWS
                if is_over:
                    await _check_exists(connection, tree)
            for row in found:
                yield _message(row)
            last = found[-1]["seq"] if found else last
            del found
            await asyncio.sleep(0)

    async def _outline(self, tree: Tree, reader: str | None = None) -> AsyncIterator[tuple[str, str | None]]:
        """Yield the id and the parent of each message."""
        last, is_over = -1, False
        while not is_over:
            chosen = select(messages.c.seq, messages.c.id, messages.c.parent).where(messages.c.conversation == tree.id)
            chosen = chosen.where(messages.c.seq > last).order_by(messages.c.seq).limit(_OUTLINE_ROWS)
            async with self._database.reading(tree.owner if reader is None else reader) as connection:
                found = (await connection.execute(chosen)).all()
            for _, message, parent in found:
                yield message, parent
            is_over = len(found) < _OUTLINE_ROWS
            last = found[-1].seq if found else last


async def _check_exists(connection: AsyncConnection, tree: Tree) -> None:
    """Raise `Failure` for a conversation that was deleted meanwhile: some of its messages may be missing."""
    if await tree.find(connection) is None:
        raise Failure("not_found")


def _message(row: RowMapping) -> Message:
    columns: dict[str, Any] = {name: row[name] for name in _OWN_FIELDS}
    if row["shown"]:
        columns |= asdict(msgspec.json.decode(row["shown"], type=Shown))
    usage = columns["usage"]
    return Message(**{**columns, "usage": usage and msgspec.json.decode(usage, type=UsageFigures)})


def _indented(message: Message) -> bytes:
    return b"\n    " + msgspec.json.format(encode(message)).replace(b"\n", b"\n    ")
