"""Inspect the bytes of a file while they come: the type that they have, whatever their client claims.

`puremagic` knows the signatures. What it leaves open is checked here: text has no signature, two containers have
several, and bytes that are two things at once are refused.
"""

import codecs
import re
from typing import Final

import puremagic

from deltawire.conversations.files.kinds import BY_NAME, Kind, kind_claimed, kind_of_text
from deltawire.conversations.files.pictures import MAX_PIXELS, PictureHeader
from deltawire.protocol.errors import Failure

HEAD_BYTES: Final = 2**12
_TAIL_BYTES: Final = 2**16 + 22
_HEIC_BRANDS: Final = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_M4A_BRANDS: Final = (b"M4A ", b"M4B ", b"F4A ")
_FOUND: Final = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/heif": "heic",
    "image/gif": "gif",
    "application/pdf": "pdf",
    "audio/wave": "wav",
    "audio/x-wav": "wav",
    "audio/mpeg": "mp3",
    "application/ogg": "ogg",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
}
"""The kinds of puremagic's media types."""
_starts: Final = {
    "png": re.compile(rb"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "webp": re.compile(rb"RIFF....WEBPVP8[ LX]", re.DOTALL),
    "gif": re.compile(rb"GIF8[79]a"),
    "pdf": re.compile(rb"%PDF-[12]\.\d"),
    "wav": re.compile(rb"(?:RIFF|RF64)....WAVE", re.DOTALL),
    "mp3": re.compile(rb"ID3[\x02-\x04]|\xff[\xe2-\xe7\xf2-\xf7\xfa\xfb][\x10-\xef]"),
    "ogg": re.compile(rb"OggS\0[\x02\x03\x06\x07]"),
    "flac": re.compile(rb"fLaC"),
}
"""The first bytes that each kind must have, beside what the library finds."""
_page = re.compile(rb"<\s*(?:!doctype\s+html|html|script|svg|iframe|body|\?php)[\s>/]", re.IGNORECASE)
# A comment ends at its first end, for good: a matcher that may try the next one tries 2^n ways through n comments.
_markup_head = re.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+)?+(?>(?><!--.*?-->)\s*+)*+<\s*+(?:!doctype\s+(?:html|svg)|html|svg|script)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_CONTROLS: Final = bytes([*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])
"""Characters that no text holds: controls but tabs, line ends and the escape of terminal colours."""


class Inspection:
    """The inspection of one file: `feed` it the pieces, then `finish` it. Both raise `Failure`."""

    def __init__(self, claimed: str | None, name: str, allowed: frozenset[str]) -> None:
        """`claimed` is the media type that the client names, `name` the file's, `allowed` the words of FILE_TYPES."""
        self._claim = None if claimed is None else _claim_of(claimed, allowed)
        self._claimed = claimed
        self._name = name
        self._allowed = allowed
        self.kind: Kind | None = None
        """The kind that was found; None before there are enough bytes."""
        self._head = bytearray()
        self._tail = b""
        self._text: codecs.IncrementalDecoder | None = None
        self._picture: PictureHeader | None = None

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        if self.kind is None:
            self._head += piece
            if len(self._head) >= HEAD_BYTES:
                self._begin()
            return
        self._check(piece)

    def finish(self) -> str:
        """Make the checks that need the whole file; return its media type."""
        if self.kind is None:
            self._begin()
        kind = self.kind
        if kind is None:
            raise AssertionError("a file that has begun has a kind")
        if self._text is not None:
            self._decode(b"", final=True)
        elif self._picture is not None and self._picture.size is None:
            raise _refused(f"This is no whole {kind.name} picture.")
        elif _ends_as_archive(self._tail):
            raise _refused("This file is also an archive.")
        if kind.name == "code":  # there are too many languages for a type of our own
            return self._claimed or "text/plain"
        return kind.type

    def _begin(self) -> None:
        head = bytes(self._head)
        self._head.clear()
        if not head:
            raise _refused("The file is empty.")
        kind = self._kind_of(head[:HEAD_BYTES])
        if kind.name not in self._allowed:
            raise _not_allowed(kind.type)
        self.kind = kind
        if kind.is_text:
            self._text = codecs.getincrementaldecoder("utf-8-sig")()
        elif _page.search(head[:HEAD_BYTES]):
            raise _refused("This file is also a page of HTML or SVG.")
        if kind.is_picture:
            self._picture = PictureHeader(kind.type)
        self._check(head)

    def _kind_of(self, head: bytes) -> Kind:
        """Return the kind of these first bytes, which is the claimed one where there is a claim."""
        binary = binary_kind(head)
        claim = self._claim
        if binary is not None:
            if claim is not None and claim is not binary:
                raise _refused(f"The bytes are {binary.type}, not {claim.type}.")
            return binary
        if _is_foreign(head):
            raise _not_allowed("these bytes") if claim is None else _refused(f"The bytes are not {claim.type}.")
        if claim is None:
            if (looks := _markup_type(head)) is not None and self._name.lower().endswith((".svg", ".html", ".htm")):
                raise _not_allowed(looks)
            return kind_of_text(self._name)
        if not claim.is_text:
            raise _refused(f"The bytes are not {claim.type}.")
        return claim

    def _check(self, piece: bytes) -> None:
        if self._text is not None:
            if _has_controls(piece):
                raise _refused("A text holds no control characters.")
            self._decode(piece)
            return
        self._tail = (self._tail + piece)[-_TAIL_BYTES:]
        if self._picture is not None:
            self._picture.feed(piece)
            size = self._picture.size
            if size is not None and not size.is_small_enough:
                message = (
                    f"This picture has {size.width:,} x {size.height:,} pixels; at most {MAX_PIXELS:,} are accepted."
                )
                raise _refused(message)

    def _decode(self, piece: bytes, *, final: bool = False) -> None:
        try:
            if self._text is not None:
                self._text.decode(piece, final)
        except UnicodeDecodeError:
            raise _refused("A text must be UTF-8.") from None


def binary_kind(head: bytes) -> Kind | None:
    """Return the kind of first bytes with a signature; None for text, and for an unknown one."""
    if head[4:8] == b"ftyp":
        brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(int.from_bytes(head[:4], "big"), 64), 4))]
        if brands[0] in _HEIC_BRANDS and any(brand in _HEIC_BRANDS[:6] for brand in brands):
            return BY_NAME["heic"]
        return BY_NAME["m4a"] if brands[0] in _M4A_BRANDS else None
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        matches = []
    names = {_FOUND[match.mime_type] for match in matches if match.mime_type in _FOUND}
    for name in (*sorted(names), "mp3"):
        start = _starts.get(name)
        if start is not None and start.match(head):
            return BY_NAME[name]
    return None


def _claim_of(claimed: str, allowed: frozenset[str]) -> Kind:
    kind = kind_claimed(claimed)
    if kind is None or kind.name not in allowed:
        raise _not_allowed(claimed if re.fullmatch(r"[a-z0-9.+/_-]{1,80}", claimed) else "this type")
    return kind


def _has_controls(data: bytes) -> bool:
    return len(data.translate(None, _CONTROLS)) != len(data)  # ten times as fast as a pattern


def _is_foreign(head: bytes) -> bool:
    """Return whether first bytes without a known signature are not text either."""
    if _has_controls(head):
        return True
    try:
        codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return True
    return False


def _markup_type(head: bytes) -> str | None:
    found = _markup_head.match(head[:1024].decode("utf-8-sig", errors="replace"))
    if found is None:
        return None
    return "image/svg+xml" if "svg" in found[0].lower() else "text/html"


def _ends_as_archive(tail: bytes) -> bool:
    """Return whether a file ends in the directory of a ZIP archive, whose readers begin at the end (APPNOTE 4.3.16)."""
    at = tail.rfind(b"PK\x05\x06")
    return at >= 0 and at + 22 <= len(tail) and at + 22 + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail)


def _refused(message: str) -> Failure:
    return Failure("invalid_file", message, field="body")


def _not_allowed(what: str) -> Failure:
    message = f"Files of {what} are not accepted here; see FILE_TYPES."
    return Failure("unsupported", message, field="Content-Type", status=415)
