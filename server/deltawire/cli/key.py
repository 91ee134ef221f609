"""`deltawire key`."""

import sys
from typing import Final

from deltawire.identity.api_keys import new_key

_PREFIX: Final = "DELTAWIRE_"
"""As in `config.settings`, which takes longer to import than the key to make."""


def make_key(name: str) -> int:
    """Print a new key and its pair for the settings; return the exit code."""
    try:
        key, line = new_key(name)
    except ValueError as error:
        sys.stderr.write(f"key: got {name[:100]!r}; {error}\n")
        return 2
    sys.stderr.write(
        f"The key, which is shown only now, and its pair for {_PREFIX}API_KEYS or {_PREFIX}API_KEYS_FILE:\n"
    )
    sys.stderr.flush()
    sys.stdout.write(f"{key}\n{line}\n")
    return 0
