"""Earlier messages as the store hands them to the upstream: with what their text does not say."""

from collections.abc import Sequence

import msgspec

from deltawire.protocol.chat_request import HistoryMessage

Exchange = Sequence[tuple[str, bytes]]
"""Contents of the model and of the client's functions: a role and its parts, as a JSON array, each."""


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
    """The contents of the answer, to be sent back unchanged; None where the text says all.

    It is JSON: the model's parts; or where functions were called, the contents of all rounds (`contents_of`).
    """
    files: tuple[Attachment, ...] = ()


def exchange_of(contents: Exchange) -> bytes:
    """Return what an answer is stored with, as JSON: the model's parts, or the contents of several rounds.

    Each content is a role and its parts.
    """
    [*earlier, (_, last)] = contents
    return last if not earlier else b"[%b]" % b",".join([_content(*content) for content in contents])


def _content(role: str, parts: bytes) -> bytes:
    return b'{"role":"%b","parts":%b}' % (role.encode(), parts)


class _Content(msgspec.Struct):
    parts: msgspec.Raw
    role: str


_read_contents = msgspec.json.Decoder(list[_Content]).decode


def contents_of(exchange: bytes) -> Exchange:
    """Return the contents of an answer: a role and its parts each."""
    try:
        return [(content.role, bytes(content.parts)) for content in _read_contents(exchange)]
    except msgspec.ValidationError:
        return [("model", exchange)]
