"""The names of runs: nobody can guess one, and only its own caller can tell that it was real.

A name is the number of a process, 128 random bits, and a check over both and the caller. So a server that has never
known a run can distinguish the caller of a lost one from everybody else, without any memory.
"""

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

_PROCESS_BYTES: Final = 6
_PROCESS_CHARS: Final = 8
_RANDOM_BYTES: Final = 16
_CHECK_CHARS: Final = 8


def new_process() -> str:
    """Return the random number of a process, which begins the names of its runs."""
    return secrets.token_urlsafe(_PROCESS_BYTES)


def new_name(process: str, caller: str) -> str:
    """Return the name of a new run of this caller."""
    unique = process + secrets.token_urlsafe(_RANDOM_BYTES)
    return unique + _check(unique, caller)


def process_of(name: str) -> str:
    """Return the number of the process that made a name."""
    return name[:_PROCESS_CHARS]


def belongs_to(name: str, caller: str) -> bool:
    """Return whether a name was made for this caller."""
    unique, check = name[:-_CHECK_CHARS], name[-_CHECK_CHARS:]
    return _check(unique, caller) == check


def _check(unique: str, caller: str) -> str:
    digest = sha256(f"{unique}\n{caller}".encode(errors="surrogatepass")).digest()
    return urlsafe_b64encode(digest)[:_CHECK_CHARS].decode()
