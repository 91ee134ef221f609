"""Checks of the settings against each other and against the machine."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from deltawire.config.addresses import check_url
from deltawire.config.refusals import shown
from deltawire.config.settings import PREFIX, Settings, SettingsError
from deltawire.config.types import is_loopback
from deltawire.conversations.database import why_unusable
from deltawire.gemini.account import api_version
from deltawire.identity.api_keys import read_keys, reason_of
from deltawire.limits.prices import Prices

_WAYS_TO_ASK: Final = ("API_KEYS", "API_KEYS_FILE", "JWT_SECRET", "JWT_JWKS_URL")


def contradictions(settings: Settings, *, serves: bool = True) -> Iterator[str]:
    """Yield a line for each setting that does not fit the others; of those about who comes in, where it `serves`."""
    if settings.default_model is not None and not {settings.default_model, "*"} & set(settings.models):
        yield f"{PREFIX}DEFAULT_MODEL: got {settings.default_model!r}; takes one of {PREFIX}MODELS"
    if settings.title_model is not None and not {settings.title_model, "*"} & {
        *settings.models,
        *settings.offered_models,
    }:
        yield f"{PREFIX}TITLE_MODEL: got {settings.title_model!r}; takes one of {PREFIX}MODELS"
    if serves:
        yield from _open_access(settings)
    yield from _limits_without_effect(settings)
    yield from _upstream_address(settings)
    if settings.api_key is not None and not re.fullmatch(r"[!-~]+", settings.api_key.get_secret_value()):
        yield "GEMINI_API_KEY, GOOGLE_API_KEY: got a value that is not shown; takes a key of visible ASCII characters"
    if settings.vertex and settings.api_key is None:
        yield from _vertex_account()


def _upstream_address(settings: Settings) -> Iterator[str]:
    """Yield a line for each variable of the SDK whose address or API version cannot work."""
    for name in ("GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL"):
        address = os.environ.get(name, "")
        if address and not _is_address(address):
            yield f"{name}: got {shown(address)}; takes an address such as https://example.com"
        elif version := re.search(r"/(v\d+(?:(?:alpha|beta)\d*)?)/*$", address):
            yield (
                f"{name}: got {shown(address)}; takes the address without {version[1]}, which is added; "
                "another version goes into GOOGLE_GENAI_API_VERSION"
            )
    latest = [name for name in (*settings.offered_models, *settings.fallback_models) if name.endswith("-latest")]
    if latest and settings.has_upstream and not settings.vertex and api_version(os.environ) == "v1":
        yield (
            f"GOOGLE_GENAI_API_VERSION: got 'v1', which does not know {latest[0]}; takes v1beta, or name other "
            f"models in {PREFIX}MODELS, DEFAULT_MODEL and FALLBACK_MODELS"
        )


def _vertex_account() -> Iterator[str]:
    """Yield a line for each variable of Google's libraries without which Vertex AI could not be asked."""
    if not os.environ.get("GOOGLE_CLOUD_PROJECT"):
        yield "GOOGLE_CLOUD_PROJECT: is not set; Vertex AI takes the id of your project, or an API key"
    if file := os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        try:
            Path(file).read_bytes()
        except (OSError, ValueError) as error:
            yield f"GOOGLE_APPLICATION_CREDENTIALS: got {file[:100]!r}: {reason_of(error)}; takes a file of credentials"


def _is_address(url: str) -> bool:
    try:
        check_url(url)
    except ValueError:
        return False
    return re.match(r"https?://[^/\s]+", url) is not None


def _limits_without_effect(settings: Settings) -> Iterator[str]:
    """Yield a line for each limit on a model that no request can use."""
    known = {*settings.models, *settings.fallback_models, *settings.offered_models}
    for name, rules in settings.limits.by_name.items():
        for rule in rules if "*" not in known else ():
            if rule.model is not None and rule.model not in known:
                yield f"{PREFIX}{name.upper()}: got {rule.model!r}; takes models of {PREFIX}MODELS"


def _open_access(settings: Settings) -> Iterator[str]:
    """Yield a line for each setting that would admit every caller, or that has no effect."""
    if not settings.requires_authentication and not settings.allow_anonymous:
        if not is_loopback(settings.host):
            yield (
                f"{PREFIX}HOST: got {settings.host!r}, which others can reach, without authentication; takes a "
                f"loopback address, or set one of {', '.join(PREFIX + way for way in _WAYS_TO_ASK)}, or "
                f"{PREFIX}ALLOW_ANONYMOUS=true (and {PREFIX}ALLOWED_HOSTS to your host name)"
            )
        if "*" in settings.allowed_origins:
            yield (
                f"{PREFIX}ALLOWED_ORIGINS: got '*' without authentication: any page in a browser here could use "
                f"this server; takes exact origins, or set one of {', '.join(PREFIX + way for way in _WAYS_TO_ASK)}"
            )
    if settings.api_keys_file is not None:
        try:
            read_keys(settings.api_keys_file)
        except (OSError, ValueError) as error:
            yield f"{PREFIX}API_KEYS_FILE: got {str(settings.api_keys_file)!r}: {reason_of(error)}"
    signed = [name for name in ("JWT_SECRET", "JWT_JWKS_URL") if getattr(settings, name.lower()) is not None]
    if len(signed) > 1:
        yield f"{PREFIX}JWT_SECRET: takes nothing when {PREFIX}JWT_JWKS_URL is set"
    for name in ("JWT_SECRET", "METRICS_TOKEN"):
        if getattr(settings, f"{name.lower()}_before") is not None and getattr(settings, name.lower()) is None:
            yield f"{PREFIX}{name}_BEFORE: has no effect without {PREFIX}{name}"
    claims = [name for name in ("JWT_ISSUER", "JWT_AUDIENCE") if getattr(settings, name.lower()) is not None]
    if claims and not signed:
        yield f"{PREFIX}{claims[0]}: has no effect without {PREFIX}JWT_SECRET or {PREFIX}JWT_JWKS_URL"


def check_prices(settings: Settings) -> None:
    """Raise `SettingsError` when dollars are limited for a model without a price. It may take a second.

    A list that cannot be read does not stop the start: each turn is refused until it is read.
    """
    if not settings.needs_prices:
        return
    prices = Prices(own=settings.own_prices, may_search="search" in settings.tools)
    try:
        prices.load_now()
    except Exception:  # noqa: BLE001 - third-party data; `Prices.load` tries again and says so
        return
    limited = {rule.model for rule in settings.limits.usd_per_day}
    models = {*settings.offered_models, *settings.fallback_models} if None in limited else limited - {None}
    missing = {model: prices.missing(model) for model in sorted(filter(None, models))}
    lines = []
    for price, unlimited, takes in (
        ("price", "nothing for", "a price in"),
        ("price of searches", "no searches of", f"{PREFIX}TOOLS without search, a price with a fifth amount in"),
    ):
        if names := ", ".join(model for model in missing if missing[model] == price):
            lines.append(
                f"{PREFIX}USD_PER_DAY: limits {unlimited} {names}, without a known price; takes {takes} "
                f"{PREFIX}PRICES, or {PREFIX}LIMITS_WHEN_PRICE_IS_UNKNOWN=allow"
            )
    if lines:
        raise SettingsError(lines)


def check_data_folder(settings: Settings) -> None:
    """Make the data folder; raise `SettingsError` when conversations cannot be stored where they should be."""
    if settings.database_url is None:
        try:
            settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for file in settings.folder.glob("conversations.db*"):
                with suppress(OSError):  # another user's, who shares the folder by its group; or a read-only disk
                    file.chmod(0o600)
        except OSError as error:
            reason = (error.strerror or "").lower()
            raise SettingsError([f"{PREFIX}DATA_DIR: cannot make {settings.folder}: {reason}"]) from None
    if (unusable := why_unusable(settings.database)) is not None:
        name, place = ("DATABASE_URL", "that file") if settings.database_url else ("DATA_DIR", settings.folder)
        raise SettingsError([f"{PREFIX}{name}: cannot keep conversations in {place}: {unusable}"])
