"""The facts of a run: its name, its caller, and what it was asked."""

import msgspec


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of a run that do not change."""

    name: str
    caller: str
    """The caller's name: nobody else may listen."""
    key: str | None
    """Recognises the same chat when it is sent again; None for a chat without an id."""
    grace: float
    """Seconds for which the turn may go on with nobody listening."""
    message: str
    files: tuple[str, ...] = ()
    """The ids of the files that belong to the message."""
    conversation: str | None
    is_remembered: bool
    """True when the turn belongs to the history of a socket."""
