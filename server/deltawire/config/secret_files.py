"""Secrets from files: `DELTAWIRE_JWT_SECRET_FILE` names a file that holds the value of `DELTAWIRE_JWT_SECRET`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

SUFFIX: Final = "_FILE"
_MAX_BYTES: Final = 2**16


class SecretFileError(Exception):
    """A file that cannot be used; the message is for the operator, and holds nothing of the file."""


def with_secrets(environ: Mapping[str, str | None], names: Iterable[str]) -> dict[str, str | None]:
    """Return the variables with the content of the named files; line breaks at the end of a file do not count.

    `names` are the variables that a file may hold. Raise `SecretFileError`.
    """
    found = dict(environ)
    upper = {name.upper(): name for name in environ if environ[name]}
    for name in names:
        at = upper.get(name + SUFFIX)
        if at is None:
            continue
        if name in upper:
            raise SecretFileError(f"{name}{SUFFIX}: takes nothing when {name} is set")
        found[name.lower() if at.islower() else name] = _read(name + SUFFIX, environ[at] or "")
    return found


def _read(name: str, path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise SecretFileError(f"{name}: got {path[:100]!r}, which is over {_MAX_BYTES:,} bytes")
        secret = content.decode().rstrip("\r\n")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise SecretFileError(f"{name}: got {path[:100]!r}: {reason}; takes a file with the secret") from None
    except (UnicodeDecodeError, ValueError):
        raise SecretFileError(f"{name}: got {path[:100]!r}, which is not UTF-8; takes a file with the secret") from None
    if not secret:
        raise SecretFileError(f"{name}: got {path[:100]!r}, which is empty; takes a file with the secret")
    return secret
