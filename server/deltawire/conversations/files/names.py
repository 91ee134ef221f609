"""Names of files: cleaned, so that they can be shown and written into headers. No name ever becomes a path."""

import re
import unicodedata
from contextlib import suppress
from typing import Final
from urllib.parse import quote, unquote_to_bytes

MAX_NAME_CHARS: Final = 120
UNNAMED: Final = "file"
_READ_CHARS: Final = 1_000
"""The characters of a long name that are read, half of them from its end. The time of Unicode's normalization grows
with the square of the marks in a row."""
_invisible = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
"""Invisible characters, which can change how a name looks: marks and overrides of direction, and zero-width ones."""
_separators = re.compile(r'[/\\:*?"<>|]+')
_parameter = re.compile(r';\s*(filename\*?)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)', re.IGNORECASE)
_quoted_pair = re.compile(r"\\(.)")


def shown_name(name: str) -> str:
    """Return a name that can be shown and saved anywhere: one line, no path, no controls, at most 120 characters."""
    last = re.split(r"[/\\]", name.rstrip("/\\ "))[-1]
    if len(last) > _READ_CHARS:
        last = last[: _READ_CHARS // 2] + last[-_READ_CHARS // 2 :]
    last = unicodedata.normalize("NFC", last.encode(errors="replace").decode())
    cleaned = "".join(
        char for char in _invisible.sub("", last) if unicodedata.category(char) not in ("Cc", "Cs", "Co", "Cn")
    )
    cleaned = _separators.sub("_", " ".join(cleaned.split())).strip(". ")
    if len(cleaned) > MAX_NAME_CHARS:
        stem, dot, suffix = cleaned.rpartition(".")
        end = dot + suffix if dot and len(suffix) <= 10 else ""
        cleaned = (stem if end else cleaned)[: MAX_NAME_CHARS - len(end)].rstrip(". ") + end
    return cleaned or UNNAMED


def name_in(disposition: str) -> str | None:
    """Return the name in a `Content-Disposition` header (RFC 6266); None where it has none."""
    found = {name.lower(): value for name, value in _parameter.findall(";" + disposition.partition(";")[2])}
    if extended := found.get("filename*", "").strip('"'):
        charset, _, rest = extended.partition("'")
        encoded = rest.partition("'")[2]
        if charset.lower() in ("utf-8", "iso-8859-1"):
            return unquote_to_bytes(encoded).decode(charset, errors="replace") or None
    plain = found.get("filename", "")
    if plain.startswith('"'):
        plain = _quoted_pair.sub(r"\1", plain[1:-1])
    # Headers are bytes; clients send UTF-8 in them (RFC 7578 does so in forms), ASGI decodes Latin-1.
    with suppress(UnicodeError):
        plain = plain.encode("latin-1").decode()
    return plain or None


def attachment(name: str) -> str:
    """Return the `Content-Disposition` of a download: an ASCII name for old clients, then the whole one."""
    plain = re.sub(r"[^A-Za-z0-9 ._()+,=-]", "_", unicodedata.normalize("NFKD", name)).strip() or UNNAMED
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
