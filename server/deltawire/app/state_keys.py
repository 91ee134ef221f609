"""The key that signs the states of answers over HTTP: the same for all workers, and for all replicas."""

import os
import secrets
from pathlib import Path
from typing import Final

import structlog

from deltawire.chat.signed_state import state_key
from deltawire.config.settings import Settings, SettingsError

log = structlog.get_logger(__name__)

_FILE: Final = "state.key"
_KEY_BYTES: Final = 32


def find_state_key(settings: Settings) -> bytes:
    """Return the key made from STATE_SECRET, else from a secret that replicas share, else from one in DATA_DIR."""
    for secret in (settings.state_secret, settings.jwt_secret, settings.api_key):
        if secret is not None:
            return state_key(secret.get_secret_value())
    try:
        return state_key(_secret_in(settings.folder / _FILE))
    except (OSError, SettingsError):
        log.warning("STATE_SECRET is not set and DATA_DIR cannot be written: a restart forgets the states of calls")
        return secrets.token_bytes(_KEY_BYTES)


def _secret_in(file: Path) -> str:
    """Return the secret in a file; make one where there is none. Processes that do so at once get the same one."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        new_file = file.with_name(f"{_FILE}.{secrets.token_hex(8)}")
        new_file.touch(mode=0o600)
        new_file.write_text(secrets.token_hex(_KEY_BYTES))
        try:
            os.link(new_file, file)
        except FileExistsError:
            pass
        finally:
            new_file.unlink()
    return file.read_text()
