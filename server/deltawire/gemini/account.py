"""The credentials and the address of the upstream."""

from collections.abc import Mapping
from typing import Final

import msgspec

DEFAULT_API_VERSION: Final = "v1beta"
"""The SDK's default, v1, rejects some fields that this server sends, and models named `-latest`."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The credentials and the address of the upstream. The SDK and its variables decide a field that is None."""

    api_key: str | None = None
    base_url: str | None = None
    api_version: str | None = None
    vertex: bool = False
    project: str | None = None
    location: str | None = None
    proxies: bool = True
    """True when `HTTPS_PROXY` and similar variables are used."""

    def __repr__(self) -> str:
        """Return a name without fields: the key must not reach a log."""
        return "Account()"


def account_of(api_key: str | None, environ: Mapping[str, str], *, vertex: bool) -> Account:
    """Return the account that the SDK's own environment variables describe."""
    if not vertex:
        return Account(api_key=api_key, api_version=api_version(environ))
    project = environ.get("GOOGLE_CLOUD_PROJECT")
    if project is None:
        return Account(vertex=True, api_key=api_key)
    # Named explicitly, because the SDK drops both when GOOGLE_VERTEX_BASE_URL is set.
    return Account(vertex=True, project=project, location=environ.get("GOOGLE_CLOUD_LOCATION") or "global")


def standin_account(url: str) -> Account:
    """Return the account of the offline stand-in at this address."""
    return Account(api_key="offline", base_url=url, api_version=DEFAULT_API_VERSION, proxies=False)


def api_version(environ: Mapping[str, str]) -> str:
    """Return the API version of the requests; `beta` is the SDK's name for the newest one."""
    version = environ.get("GOOGLE_GENAI_API_VERSION") or DEFAULT_API_VERSION
    return DEFAULT_API_VERSION if version == "beta" else version
