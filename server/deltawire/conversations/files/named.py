"""Earlier messages that name files, by the ids of these; `TurnFiles` makes them what the upstream takes."""

from deltawire.protocol.chat_request import HistoryMessage


class FiledMessage(HistoryMessage, frozen=True, kw_only=True, gc=False):
    """An earlier message with the ids of its files."""

    files: tuple[str, ...]


class FiledHistory(list[HistoryMessage]):
    """A history that has messages with files: another one need not be searched for them."""
