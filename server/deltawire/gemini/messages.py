"""Earlier messages as the store hands them to the upstream: with what their text does not say."""

import msgspec

from deltawire.protocol.chat_request import HistoryMessage


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is asked with a message: its bytes, or an address where the provider has it."""

    type: str
    data: bytes | None = None
    uri: str | None = None

    def __repr__(self) -> str:
        """Return the type: neither the bytes nor an address reach a log."""
        return f"Attachment({self.type})"


class StoredMessage(HistoryMessage, frozen=True, kw_only=True, gc=False):
    """An earlier message with its parts and its files."""

    parts: bytes | None = None
    """The model's parts as a JSON array, to be sent back unchanged; None where the text says all."""
    files: tuple[Attachment, ...] = ()
