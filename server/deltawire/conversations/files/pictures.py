"""The width and the height of a picture, read from the bytes of its header as they come. Nothing is decoded."""

import struct
from typing import Final

import msgspec

MAX_SIDE: Final = 32_767
MAX_PIXELS: Final = 2**28
"""A decoder needs four bytes for each: a gigabyte. The largest camera of a phone has 200 million."""
_HEAD_BYTES: Final = 2**16
_MAX_JPEG_MARKERS: Final = 10_000
"""The markers and fill bytes that are read before the frame header of a JPEG. A camera writes some hundred; a file may
hold millions, and each takes as long as thousands of other bytes."""
_NO_JPEG_FRAME: Final = frozenset({0xC4, 0xC8, 0xCC})
"""Markers between SOF0 and SOF15 that are none: DHT, JPG and DAC."""
_JPEG_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""


class Size(msgspec.Struct, frozen=True):
    """The size of a picture in pixels."""

    width: int
    height: int

    @property
    def is_small_enough(self) -> bool:
        """False for a picture that would fill the memory of whoever decodes it."""
        return 0 < self.width <= MAX_SIDE and 0 < self.height <= MAX_SIDE and self.width * self.height <= MAX_PIXELS


class PictureHeader:
    """Finds the size of a picture in its bytes."""

    def __init__(self, media_type: str) -> None:
        """Start at the first byte of a picture of this type."""
        self.size: Size | None = None
        """The largest size that the header names; None before it is found."""
        self._is_jpeg = media_type == "image/jpeg"
        self._read = {
            "image/png": _png,
            "image/gif": _gif,
            "image/webp": _webp,
            "image/heic": _heic,
        }.get(media_type)
        self._buffer = bytearray()
        self._skip = 2
        self._markers_left = _MAX_JPEG_MARKERS

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._is_jpeg:
            self._feed_jpeg(data)
        elif self._read is not None and len(self._buffer) < _HEAD_BYTES:
            self._buffer += data[: _HEAD_BYTES - len(self._buffer)]
            self.size = self._read(bytes(self._buffer))

    def _feed_jpeg(self, data: bytes) -> None:
        """Go from segment to segment, up to the frame header (ITU T.81, B.1): pictures in segments are passed over."""
        if self._skip < 0:
            return
        self._buffer += data
        while True:
            if self._skip:
                skipped = min(self._skip, len(self._buffer))
                del self._buffer[:skipped]
                self._skip -= skipped
            buffer = self._buffer
            if len(buffer) < 2:
                return
            marker = buffer[1]
            if buffer[0] != 0xFF or marker in (0xD9, 0xDA) or not self._markers_left:
                # No marker, the end, the picture's data, or far too many markers.
                self._skip = -1
                return
            if marker == 0xFF or marker in _JPEG_ALONE:
                self._markers_left -= 1
                self._skip = 1 if marker == 0xFF else 2
                continue
            if len(buffer) < 9:
                return
            if 0xC0 <= marker <= 0xCF and marker not in _NO_JPEG_FRAME:
                height, width = struct.unpack_from(">HH", buffer, 5)
                self.size = Size(width, height)
                self._skip = -1
                return
            self._markers_left -= 1
            self._skip = 2 + max(2, int.from_bytes(buffer[2:4], "big"))


def _png(head: bytes) -> Size | None:
    if len(head) < 24 or head[12:16] != b"IHDR":
        return None
    return Size(*struct.unpack_from(">II", head, 16))


def _gif(head: bytes) -> Size | None:
    return Size(*struct.unpack_from("<HH", head, 6)) if len(head) >= 10 else None


def _webp(head: bytes) -> Size | None:
    """Read the first chunk (RFC 9649, 2.5 to 2.7)."""
    if len(head) < 30:
        return None
    kind = head[12:16]
    if kind == b"VP8X":
        return Size(1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little"))
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return Size(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return Size(width & 0x3FFF, height & 0x3FFF)
    return None


def _heic(head: bytes) -> Size | None:
    """Read the `ispe` properties (ISO 23008-12, 6.5.3): the picture, its tiles and its thumbnail have one each."""
    found: Size | None = None
    at = head.find(b"ispe")
    while at >= 0 and at + 16 <= len(head):
        size = Size(*struct.unpack_from(">II", head, at + 8))
        if found is None or size.width * size.height > found.width * found.height:
            found = size
        at = head.find(b"ispe", at + 4)
    return found
