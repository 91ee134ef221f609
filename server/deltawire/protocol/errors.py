"""The error table: every failure that a client can get, with its sentence.

Every error that leaves the process, on a socket or over HTTP, is a row of `TABLE`. Its sentence is
written here, once; it never holds the provider's message.
"""

import random
from typing import Final

import msgspec


class ErrorKind(msgspec.Struct, frozen=True):
    """One row of the table."""

    retryable: bool
    """True when the same request may succeed later."""
    status: int
    """The HTTP status, for an error before a stream has begun."""
    message: str
    """The sentence for people, used where a case has none of its own."""


TABLE: Final[dict[str, ErrorKind]] = {
    "invalid_json": ErrorKind(False, 400, "That is not JSON."),
    "invalid_frame": ErrorKind(False, 400, "That is not a frame this server knows."),
    "duplicate_turn": ErrorKind(False, 409, "A turn with this id is still running on this socket."),
    "unknown_turn": ErrorKind(False, 404, "No turn with this id is running on this socket."),
    "unknown_model": ErrorKind(False, 404, "This model is not offered here; GET /models lists what is."),
    "message_too_large": ErrorKind(False, 413, "That is longer than this server takes."),
    "invalid_file": ErrorKind(False, 422, "This file is not of the type that it was sent with, or is not accepted."),
    "not_found": ErrorKind(False, 404, "There is nothing at this address."),
    "gone": ErrorKind(False, 410, "This run has ended and is no longer kept, or was lost with its server."),
    "unsupported": ErrorKind(False, 405, "This address does not take that method."),
    "unauthenticated": ErrorKind(
        False, 401, "Authentication is needed: send a token as `Authorization: Bearer TOKEN`."
    ),
    "forbidden": ErrorKind(False, 403, "This is not allowed from where the request came."),
    "too_many_turns": ErrorKind(True, 429, "This socket already runs as many turns as it may."),
    "overloaded": ErrorKind(True, 503, "The server is full; try again in a moment."),
    "history_dropped": ErrorKind(
        False, 507, "The server needed the memory of this socket's history: the next turn is asked without it."
    ),
    "storage_full": ErrorKind(False, 507, "There is no more room in what is stored; delete a conversation."),
    "rate_limited": ErrorKind(True, 429, "Too many requests; slow down and try again."),
    "budget_exhausted": ErrorKind(True, 429, "Your budget of this day is used up; a new one begins at midnight, UTC."),
    "draining": ErrorKind(True, 503, "The server is shutting down; connect again to reach another one."),
    "store_unavailable": ErrorKind(True, 503, "The conversations cannot be reached at the moment; try again."),
    "blocked": ErrorKind(False, 422, "The provider refused this prompt."),
    "upstream_rate_limited": ErrorKind(True, 503, "The provider is over its rate limit; try again later."),
    "upstream_unavailable": ErrorKind(True, 502, "The provider cannot be reached or failed; try again."),
    "upstream_timeout": ErrorKind(True, 504, "The provider took too long."),
    "upstream_rejected": ErrorKind(
        False, 502, "The provider rejected the request; the operator finds its reason in the log."
    ),
    "upstream_truncated": ErrorKind(True, 502, "The answer broke off before its end."),
    "tool_timeout": ErrorKind(False, 504, "A call of the model was not answered in time; see TOOL_TIMEOUT."),
    "too_many_rounds": ErrorKind(False, 422, "The model called functions again and again; see MAX_TOOL_ROUNDS."),
    "internal": ErrorKind(True, 500, "Something went wrong in this server; its log names the turn."),
}


class Failure(Exception):
    """A row of the table as an exception, with the details of this case. It is immutable.

    `cause` is for the log only: the provider's status number and reason word, never its text.
    """

    def __init__(  # noqa: PLR0913 - the details of a case
        self,
        code: str,
        message: str | None = None,
        *,
        field: str | None = None,
        retry_after: float | None = None,
        cause: str | None = None,
        status: int | None = None,
        retryable: bool | None = None,
    ) -> None:
        """Raise KeyError for a code that is not in the table: an unknown code is a bug.

        `status` and `retryable` replace the values of the table in this case. `retry_after` is in seconds.
        """
        super().__init__(code, cause)
        self.code: Final = code
        self.kind: Final = TABLE[code]
        self.status: Final = status or self.kind.status
        self.retryable: Final = self.kind.retryable if retryable is None else retryable
        self.message: Final = message or self.kind.message
        self.field: Final = field
        self.retry_after: Final = retry_after
        self.cause: Final = cause

    def about(self, field: str) -> "Failure":
        """Return the same failure with this field."""
        return Failure(
            self.code,
            self.message,
            field=field,
            retry_after=self.retry_after,
            cause=self.cause,
            status=self.status,
            retryable=self.retryable,
        )


def cut_by_drain() -> Failure:
    """Return the failure of a turn that the drain cut after the provider was asked.

    It is not retryable: a client that asks again by itself would pay twice.
    """
    message = "The server stopped before this answer was whole. To ask again is a new question, with its own cost."
    return Failure("draining", message, retryable=False)


def run_not_here() -> Failure:
    """Return the failure for a run of another process, which cannot be asked."""
    message = (
        "This run is not known here: its server has ended, or is another one. Without REDIS_URL, servers and workers "
        "do not know each other's runs."
    )
    return Failure("gone", message, field="run")


def spread(seconds: float) -> float:
    """Return seconds to wait, at random up to half a second less or more, for the `retry_after` of a refusal.

    Clients that were refused together must not come back together: all but a few would be refused again.
    """
    return round(random.uniform(max(0.0, seconds - 0.5), seconds + 0.5), 3)  # noqa: S311 - not a secret


def too_large(field: str, limit: int) -> Failure:
    """Return the failure of a field, such as `settings.system`, with more characters than this."""
    name = field.rpartition(".")[2]
    return Failure("message_too_large", f"The {name} may hold at most {limit:,} characters.", field=field)
