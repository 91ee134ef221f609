"""Headers of an ASGI scope, in which a name may occur several times."""

import re
from collections.abc import Iterable

from litestar.types import Scope

from deltawire.protocol.errors import Failure

_quoted = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)')
"""A quoted string, or the rest of a line after a quote that nothing ends. It matches at each quote, so that a line is
read once: a search that fails at one quote begins again at the next."""


def single_header(scope: Scope, name: bytes) -> str | None:
    """Return the header of this name; None when there is none. Raise `Failure` for several, which are ambiguous."""
    values = [value for key, value in scope["headers"] if key == name]
    if len(values) > 1:
        title = name.decode().title()
        raise Failure("invalid_frame", f"There is more than one {title} header.", field=title)
    return values[0].decode("latin-1") if values else None


def list_header(scope: Scope, name: bytes) -> list[str]:
    """Return the parts of a header that is a list, over all its lines (RFC 9110, 5.3)."""
    lines = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return [part.strip() for line in lines for part in line.split(",") if part.strip()]


def preferences(scope: Scope) -> set[str]:
    """Return the client's preferences that have no value, in lower case, without their parameters (RFC 7240, 2)."""
    lines = [_quoted.sub(_word, value.decode("latin-1")) for key, value in scope["headers"] if key == b"prefer"]
    parts = (part.partition(";")[0].partition("=") for line in lines for part in line.split(","))
    return {name.strip().lower() for name, _, value in parts if not value.strip()}


def _word(quoted: re.Match[str]) -> str:
    """Return a word in place of a quoted string; an empty string is the same as no value."""
    if not quoted[1]:
        return quoted[0]
    return "" if quoted[0] == '""' else "quoted"


def varying_by(name: bytes, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return a response's headers, with this request header added to `Vary`, in one line."""
    others = [(key, value) for key, value in headers if key.lower() != b"vary"]
    names = [value for key, value in headers if key.lower() == b"vary"]
    return [*others, (b"vary", b", ".join([*names, name]))]
