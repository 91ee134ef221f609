"""A page of an owner's list of conversations, or of the results of a search."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from msgspec import UNSET, UnsetType
from sqlalchemy import ColumnElement, Row, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.schemas import ConversationPage, ConversationQuery, ListedConversation
from deltawire.conversations.search import excerpts, search
from deltawire.conversations.tables import conversations
from deltawire.conversations.tree import LISTED, PLACES

AnyRow = Row[*tuple[Any, ...]]
_ORDER: Final = (conversations.c.updated, conversations.c.id)
"""The columns by which a list is sorted, both descending."""


class _Cursor(NamedTuple):
    """The last conversation of a page: its position in the list, or in the results of a step of the search."""

    updated: float
    """Seconds since 1970."""
    conversation: str
    step: int


async def read_page(connection: AsyncConnection, owner: str, query: ConversationQuery) -> ConversationPage:
    """Return the owner's conversations, the last used first; with `q`, those that match."""
    selections = await _selections(connection, owner, query)
    first = 0
    if query.cursor is not None:
        cursor = _read_cursor(query.cursor)
        first = cursor.step
        after = tuple_(*_ORDER) < (cursor.updated, cursor.conversation)
        selections = [each.where(after) for each in selections[first : first + 1]]
    for step, selection in enumerate(selections, first):
        rows = (await connection.execute(selection)).all()
        if rows:
            return await _page_of(connection, owner, query, rows, step)
    return ConversationPage([], None)


async def _selections(
    connection: AsyncConnection, owner: str, query: ConversationQuery
) -> list[Select[*tuple[Any, ...]]]:
    """Return the selection of a list, or one for each step of a search."""
    listed = select(*LISTED).where(conversations.c.owner == owner, *_filters(query))
    listed = listed.order_by(*(column.desc() for column in _ORDER)).limit(query.limit + 1)
    if not query.q:
        return [listed]
    steps = await search(connection, owner, query.q)
    return [listed.where(conversations.c.id.in_(ids.columns(conversations.c.id))) for ids in steps]


def _filters(query: ConversationQuery) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions of a list, without those of its search."""
    if (archived := query.archived_filter()) is not None:
        yield conversations.c.archived.is_(archived)
    if query.pinned is not UNSET:
        yield conversations.c.pinned.is_(query.pinned == "true")
    if query.folder is not UNSET:
        yield conversations.c.folder == query.folder


async def _page_of(
    connection: AsyncConnection, owner: str, query: ConversationQuery, rows: Sequence[AnyRow], step: int
) -> ConversationPage:
    """Return a page of these rows, which are one more than its limit where another page follows."""
    on_page = rows[: query.limit]
    following = _write_cursor(on_page[-1], step) if len(rows) > query.limit else None
    lines = await excerpts(connection, owner, query.q, step, [row.id for row in on_page]) if query.q else {}
    return ConversationPage([_listed(row, *lines.get(row.id, ())) for row in on_page], following)


def _listed(row: AnyRow, message: str | UnsetType = UNSET, excerpt: str | UnsetType = UNSET) -> ListedConversation:
    return ListedConversation(**listed_fields(row), message=message, excerpt=excerpt)


def listed_fields(row: AnyRow) -> dict[str, Any]:
    """Return the fields that a conversation has in a list."""
    return {name: getattr(row, name) for name in ("id", "title", "created", "updated", *PLACES)}


def _write_cursor(row: AnyRow, step: int) -> str:
    return f"{row.updated:.9f}_{row.id}_{step}"


def _read_cursor(cursor: str) -> _Cursor:
    updated, _, rest = cursor.partition("_")
    conversation, _, step = rest.rpartition("_")
    return _Cursor(float(updated), conversation, int(step))
