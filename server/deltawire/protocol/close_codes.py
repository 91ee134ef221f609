"""The table of close codes: the reason of each, and the time at which its client should connect again.

The page has the same table, made from this one by `make frames`.
"""

from typing import Final, Literal

import msgspec

Reconnect = Literal["soon", "later", "when_needed"]
"""The time to connect again: `soon` with the usual back-off, `later` after some seconds, `when_needed` to send."""


class CloseCode(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table."""

    code: int
    reconnect: Reconnect
    sentence: str
    """The sentence for people."""
    advice: str | None = None
    """Advice about a question without an answer, where asking again is not enough."""
    reason: str | None = None
    """The reason in log and metrics when this server closes with the code; None for codes that it never sends."""


TABLE: Final = {
    row.code: row
    for row in (
        CloseCode(code=1000, reconnect="soon", sentence="The server closed the connection."),
        CloseCode(
            code=1001,
            reconnect="when_needed",
            sentence="The connection was closed because nothing was said for a while.",
            reason="idle",
        ),
        CloseCode(
            code=1002,
            reconnect="soon",
            sentence="The connection was closed: something in between broke its protocol.",
            reason="broken_frame",
        ),
        CloseCode(
            code=1003,
            reconnect="soon",
            sentence="The connection was closed: something in between does not take text.",
        ),
        CloseCode(code=1006, reconnect="soon", sentence="The connection broke."),
        CloseCode(
            code=1007,
            reconnect="soon",
            sentence="The connection was closed: what was sent was not readable text.",
            reason="broken_frame",
        ),
        CloseCode(
            code=1008,
            reconnect="later",
            sentence="The server closed the connection: too many messages at once.",
            reason="flood",
        ),
        CloseCode(
            code=1009,
            reconnect="soon",
            sentence="The server closed the connection: the message was too large for it.",
            advice="Shorten it, or send it in parts.",
            reason="broken_frame",
        ),
        CloseCode(
            code=1011,
            reconnect="soon",
            sentence="The connection was closed after a fault in the server.",
            reason="bug",
        ),
        CloseCode(code=1012, reconnect="soon", sentence="The server was restarted.", reason="drain"),
        CloseCode(code=1013, reconnect="later", sentence="The server was too busy for a connection.", reason="flood"),
        CloseCode(
            code=4008,
            reconnect="soon",
            sentence="The connection was closed: this page read too slowly.",
            reason="slow_client",
        ),
        CloseCode(
            code=4401,
            reconnect="soon",
            sentence="The connection was closed: its token is no longer valid.",
            reason="unauthenticated",
        ),
    )
}
