"""The report of `deltawire turn`: the stored data of a request's turns, found by the server's id in the log."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.database import Database
from deltawire.conversations.tables import messages, usage
from deltawire.protocol.usage_figures import NANO, TOKEN_KINDS

_MAX_ROWS: Final = 1_000
"""Rows of each kind: a connection may have had very many turns."""
_USED: Final = tuple(column for column in usage.c if column.name != "id")
_KEPT: Final = tuple(
    messages.c[name] for name in ("request", "conversation", "id", "role", "finish_reason", "error", "created")
)


class KeptMessage(Struct, frozen=True, kw_only=True):
    """A message of a turn, without its text; `created` is in seconds since 1970."""

    conversation: str
    id: str
    role: str
    finish_reason: str | None
    error: str | None
    created: float


class TurnUsage(Struct, frozen=True, kw_only=True):
    """The usage of a turn. A figure that is not known is null; `ended` is in seconds since 1970."""

    ended: float
    caller: str
    model: str
    tokens: dict[str, int | None]
    """The tokens by their kind."""
    cost_usd: float | None


class KeptTurn(Struct, frozen=True, kw_only=True):
    """A turn as far as it is kept: its usage and its messages. `request` is the id of the request that it came with."""

    request: str
    usage: list[TurnUsage] = []
    messages: list[KeptMessage] = []


async def read_turns(url: str, name: str) -> list[KeptTurn]:
    """Return the stored data of turns; `name` is the id of a request, of a connection, or of a message.

    Raise `Failure` (`store_unavailable`).
    """
    database = Database(url)
    try:
        async with database.reading() as connection:
            return await _read(connection, name)
    finally:
        await database.close()


async def _read(connection: AsyncConnection, name: str) -> list[KeptTurn]:
    request = await connection.scalar(select(messages.c.request).where(messages.c.id == name)) or name

    def is_of_turn(column: ColumnElement[str | None]) -> ColumnElement[bool]:
        if "." in request:
            return column == request
        return or_(column == request, column.startswith(f"{request}.", autoescape=True))

    used = select(*_USED).where(is_of_turn(usage.c.request)).order_by(usage.c.ended).limit(_MAX_ROWS)
    kept = select(*_KEPT).where(is_of_turn(messages.c.request)).order_by(messages.c.seq).limit(_MAX_ROWS)
    turns: dict[str, KeptTurn] = {}
    for row in (await connection.execute(used)).mappings():
        _turn(turns, row["request"]).usage.append(_usage(dict(row)))
    for row in (await connection.execute(kept)).mappings():
        columns = dict(row)
        _turn(turns, columns.pop("request")).messages.append(KeptMessage(**columns))
    return list(turns.values())


def _turn(turns: dict[str, KeptTurn], request: str) -> KeptTurn:
    return turns.setdefault(request, KeptTurn(request=request))


def _usage(row: dict[str, Any]) -> TurnUsage:
    nanodollars = row["nanodollars"]
    return TurnUsage(
        ended=row["ended"],
        caller=row["caller"],
        model=row["model"],
        tokens={kind: row[f"{kind}_tokens"] for kind in TOKEN_KINDS},
        cost_usd=None if nanodollars is None else nanodollars / NANO,
    )


def as_json(turns: list[KeptTurn]) -> str:
    """Return the turns as one JSON document, on one line."""
    return msgspec.json.encode({"turns": turns}).decode()


def as_text(turns: list[KeptTurn]) -> str:
    """Return the turns for people, each with its lines indented under its id."""
    return "\n".join("\n".join([turn.request, *[f"  {line}" for line in _lines(turn)]]) for turn in turns)


def _lines(turn: KeptTurn) -> list[str]:
    lines = []
    for used in turn.usage:
        tokens = [f"{count:,} {kind}" for kind, count in used.tokens.items() if count]
        lines += [
            f"ended     {_time(used.ended)}",
            f"caller    {used.caller or '(everybody)'}",
            f"model     {used.model}",
            f"tokens    {', '.join(tokens) or '-'}",
            f"USD       {'-' if used.cost_usd is None else f'{used.cost_usd:,.6f}'}",
        ]
    for message in turn.messages:
        role = "question" if message.role == "user" else "answer"
        end = message.error or message.finish_reason
        lines.append(f"{role:<8}  {message.id} of conversation {message.conversation}{f', {end}' if end else ''}")
    return lines


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
