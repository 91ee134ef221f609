"""Bounds on what is stored: the messages and bytes of a conversation, the conversations and bytes of an owner."""

import time
from typing import Any, Final

import msgspec
from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.tables import conversations
from deltawire.protocol.errors import Failure

_TRUSTED_SECONDS: Final = 60.0
"""Seconds after which an owner's total is read again: other processes add to it, too."""
_MANY_OWNERS: Final = 10_000


class StoreBounds(msgspec.Struct, frozen=True, kw_only=True):
    """The most that is stored."""

    messages: int
    """Of a conversation."""
    bytes: int
    """Of a conversation: its texts and its settings."""
    conversations: int
    """Of an owner."""
    owner_bytes: int
    """Of all conversations of an owner."""


class _Total:
    """The stored conversations of one owner, as this process knows them."""

    __slots__ = ("bytes", "conversations", "read_at")

    def __init__(self, count: int, size: int) -> None:
        self.conversations = count
        self.bytes = size
        self.read_at = time.monotonic()


class StoredSizes:
    """Checks each write against the bounds before it happens; one for the process.

    The total of an owner is read at most once a minute; what this process writes meanwhile is added to it.
    """

    def __init__(self, bounds: StoreBounds) -> None:
        """Start without a known owner."""
        self._bounds = bounds
        self._totals: dict[str, _Total] = {}

    async def check_new(self, connection: AsyncConnection, owner: str, size: int) -> None:
        """Raise `Failure` (`storage_full`) when the owner may not store another conversation of this many bytes."""
        total = await self._total(connection, owner)
        if total.conversations >= self._bounds.conversations:
            raise _full("conversations of one caller", self._bounds.conversations, "MAX_CONVERSATIONS_PER_CALLER")
        await self.check_bytes(connection, owner, size)
        total.conversations += 1

    async def check_import(self, connection: AsyncConnection, owner: str, messages: int, size: int) -> None:
        """Raise `Failure` (`storage_full`) when a conversation of so many messages and bytes has no room."""
        self._check_conversation(messages, size)
        await self.check_new(connection, owner, size)

    async def check_question(
        self, connection: AsyncConnection, owner: str, conversation: Row[*tuple[Any, ...]], size: int
    ) -> None:
        """Raise `Failure` (`storage_full`) when a question of this many bytes has no room in its conversation.

        The room for its answer is not known yet, so a conversation may end over its bytes by one answer.
        """
        self._check_conversation(conversation.message_count + 2, conversation.text_bytes + size)
        await self.check_bytes(connection, owner, size)

    async def check_bytes(self, connection: AsyncConnection, owner: str, size: int) -> None:
        """Raise `Failure` (`storage_full`) when the owner may not store this many bytes more."""
        total = await self._total(connection, owner)
        if total.bytes + size > self._bounds.owner_bytes:
            raise _full("bytes of one caller", self._bounds.owner_bytes, "MAX_STORED_BYTES_PER_CALLER")
        total.bytes += size

    def add(self, owner: str, size: int) -> None:
        """Count bytes that were written without a check: those of an answer."""
        if (total := self._totals.get(owner)) is not None:
            total.bytes += size

    def forget(self, owner: str) -> None:
        """Read the owner's total anew next time: a conversation was deleted."""
        self._totals.pop(owner, None)

    def _check_conversation(self, messages: int, size: int) -> None:
        """Raise `Failure` (`storage_full`) when one conversation may not have so many messages or bytes."""
        if messages > self._bounds.messages:
            raise _full("messages of one conversation", self._bounds.messages, "MAX_CONVERSATION_MESSAGES")
        if size > self._bounds.bytes:
            raise _full("bytes of one conversation", self._bounds.bytes, "MAX_CONVERSATION_BYTES")

    async def _total(self, connection: AsyncConnection, owner: str) -> _Total:
        total = self._totals.get(owner)
        if total is None or total.read_at + _TRUSTED_SECONDS <= time.monotonic():
            if len(self._totals) >= _MANY_OWNERS:
                self._totals.clear()
            sums = select(func.count(), func.coalesce(func.sum(conversations.c.text_bytes), 0))
            count, size = (await connection.execute(sums.where(conversations.c.owner == owner))).one()
            total = self._totals[owner] = _Total(int(count), int(size))
        return total


def utf8_bytes_of(*texts: str) -> int:
    """Return the bytes of texts in UTF-8."""
    return sum(len(text) if text.isascii() else len(text.encode()) for text in texts)


def _full(what: str, limit: int, setting: str) -> Failure:
    message = f"This server stores at most {limit:,} {what}; see {setting}."
    return Failure("storage_full", message, field="conversation")
