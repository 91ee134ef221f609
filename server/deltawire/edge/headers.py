"""Headers of an ASGI scope, in which a name may occur several times."""

from collections.abc import Iterable

from litestar.types import Scope

from deltawire.protocol.errors import Failure


def lone(scope: Scope, name: bytes) -> str | None:
    """Return the header of this name; None when there is none. Raise `Failure` for several, which are ambiguous."""
    values = [value for key, value in scope["headers"] if key == name]
    if len(values) > 1:
        title = name.decode().title()
        raise Failure("invalid_frame", f"There is more than one {title} header.", field=title)
    return values[0].decode("latin-1") if values else None


def listed(scope: Scope, name: bytes) -> list[str]:
    """Return the parts of a header that is a list, over all its lines (RFC 9110, 5.3)."""
    lines = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return [part.strip() for line in lines for part in line.split(",") if part.strip()]


def varying_by(name: bytes, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return a response's headers, with this request header added to `Vary`, in one line."""
    others = [(key, value) for key, value in headers if key.lower() != b"vary"]
    names = [value for key, value in headers if key.lower() == b"vary"]
    return [*others, (b"vary", b", ".join([*names, name]))]
