"""Earlier messages that name files by their ids; `TurnFiles` replaces the ids by attachments."""

from deltawire.protocol.chat_request import HistoryMessage


class FiledMessage(HistoryMessage, frozen=True, kw_only=True, gc=False):
    """An earlier message with the ids of its files."""

    files: tuple[str, ...]


class FiledHistory(list[HistoryMessage]):
    """A history that has messages with files. Any other history need not be searched for files."""
