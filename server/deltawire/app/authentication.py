"""Build the authenticator of a process. PyJWT is imported only where tokens are configured: it loads cryptography."""

from typing import TYPE_CHECKING

from deltawire.config.settings import Settings
from deltawire.identity.api_keys import ApiKeys, KeyFile, parse_keys
from deltawire.identity.authenticator import Authenticator

if TYPE_CHECKING:  # see above
    from deltawire.identity.jwt_tokens import JwtTokens, KeySource
    from deltawire.identity.key_set import KeySet


def make_key_set(settings: Settings) -> "KeySet | None":
    """Return the key set of the settings; None where there is none."""
    if settings.jwt_jwks_url is None:
        return None
    from deltawire.identity.key_set import KeySet  # noqa: PLC0415 - see above

    return KeySet(settings.jwt_jwks_url)


def make_authenticator(settings: Settings, key_set: "KeySet | None") -> Authenticator:
    """Return the authenticator, with the keys and tokens of the settings."""
    keys = None
    if settings.api_keys is not None or settings.api_keys_file is not None:
        fixed = settings.api_keys.get_secret_value().split(",") if settings.api_keys is not None else ()
        file = KeyFile(settings.api_keys_file) if settings.api_keys_file is not None else None
        keys = ApiKeys(parse_keys(fixed), file)
    has_tokens = key_set is not None or settings.jwt_secret is not None
    return Authenticator(keys, _make_tokens(settings, key_set) if has_tokens else None)


def _make_tokens(settings: Settings, key_set: "KeySet | None") -> "JwtTokens | None":
    from deltawire.identity.jwt_tokens import JwtTokens, SharedSecret  # noqa: PLC0415 - see above

    source: KeySource | None = key_set
    if settings.jwt_secret is not None:
        source = SharedSecret(settings.jwt_secret.get_secret_value())
    if source is None:
        return None
    before = settings.jwt_secret_before
    key_before = None if before is None else SharedSecret(before.get_secret_value()).find(None)
    return JwtTokens(source, settings.jwt_issuer, settings.jwt_audience, key_before)
