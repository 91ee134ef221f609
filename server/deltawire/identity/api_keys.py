"""API keys. Only the SHA-256 of a key is stored: NAME:DIGEST, in hexadecimal.

A key is 32 random bytes, so it cannot be guessed from its digest, and the digest needs no salt. A key is looked up by
its digest, so the duration of the look-up reveals nothing about the stored keys.
"""

import os
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog

from deltawire.identity.caller import Caller

log = structlog.get_logger(__name__)

KEY_NAME: Final = r"[A-Za-z0-9._@-]{1,64}"
_KEY_BYTES: Final = 32
_MAX_FILE_BYTES: Final = 2**20
_line = re.compile(rf"({KEY_NAME}):([0-9A-Fa-f]{{64}})")

Keys = Mapping[bytes, str]
"""Names of callers by the digest of their key."""


def new_key(name: str) -> tuple[str, str]:
    """Return a new key, and its `NAME:SHA256` for the settings. Raise ValueError for a bad name."""
    if not re.fullmatch(KEY_NAME, name):
        raise ValueError("a name is 1 to 64 of A-Z a-z 0-9 . _ @ -")
    key = secrets.token_urlsafe(_KEY_BYTES)
    return key, f"{name}:{sha256(key.encode()).hexdigest()}"


def parse_keys(lines: Iterable[str]) -> Keys:
    """Read keys, one `NAME:SHA256` a line. Raise ValueError with the number of a line that is not one."""
    keys: dict[bytes, str] = {}
    for number, written in enumerate(lines, start=1):
        line = written.strip()
        if not line or line.startswith("#"):
            continue
        parts = _line.fullmatch(line)
        if parts is None:
            raise ValueError(f"line {number} is no NAME:SHA256")
        name, digest = parts[1], bytes.fromhex(parts[2])
        if keys.setdefault(digest, name) != name:
            raise ValueError(f"line {number} gives the key of another name")
    return keys


def read_keys(path: Path) -> Keys:
    """Read the keys of a file; `#` begins a comment line. Raise OSError, or ValueError as `parse_keys` does."""
    with path.open("rb") as file:
        body = file.read(_MAX_FILE_BYTES + 1)
    if len(body) > _MAX_FILE_BYTES:
        raise ValueError("it is over a mebibyte")
    return parse_keys(body.decode().splitlines())


class KeyFile:
    """The keys of a file, which is read again when it changes. While it cannot be read, the last keys stay valid."""

    def __init__(self, path: Path, seconds_between_checks: float = 1.0) -> None:
        """Read the file. Until it was read once, no key is valid."""
        self._path = path
        self._seconds_between_checks = seconds_between_checks
        self._next_check = 0.0
        self._fingerprint: object = None
        self._keys: Keys = {}
        self._read_if_changed()

    def keys(self) -> Keys:
        """Return the current keys."""
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + self._seconds_between_checks
            self._read_if_changed()
        return self._keys

    def _read_if_changed(self) -> None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - the file may be missing
            fingerprint: object = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        except OSError as error:
            fingerprint = error.errno
        if fingerprint == self._fingerprint:
            return
        self._fingerprint = fingerprint
        try:
            self._keys = read_keys(self._path)
        except (OSError, ValueError) as error:
            log.warning("key file: cannot be read, the keys stay as they were", reason=reason_of(error))
        else:
            log.info("key file: read", keys=len(self._keys))


def reason_of(error: OSError | ValueError) -> str:
    """Return the reason why a key file cannot be used, without any of its content."""
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


class ApiKeys:
    """All keys: those of the settings, and those of a file."""

    def __init__(self, fixed: Keys, file: KeyFile | None = None) -> None:
        """`fixed` are the keys of the settings."""
        self._fixed = fixed
        self._file = file

    def caller(self, token: str) -> Caller | None:
        """Return the caller of this key; None for an unknown key."""
        digest = sha256(token.encode()).digest()
        name = self._name(digest)
        return None if name is None else Caller(name=f"key:{name}", key=digest)

    def has(self, digest: bytes) -> bool:
        """Return whether the key with this digest is still valid."""
        return self._name(digest) is not None

    def _name(self, digest: bytes) -> str | None:
        return self._fixed.get(digest) or (self._file.keys().get(digest) if self._file is not None else None)
