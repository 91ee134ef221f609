"""Who asks Google, and where."""

from collections.abc import Mapping
from typing import Final

import msgspec

DEFAULT_API_VERSION: Final = "v1beta"
"""The SDK's own default, v1, does not take every field that we send, nor a model named `-latest`."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks Google, and where. What is None is left to the SDK and its environment variables."""

    api_key: str | None = None
    base_url: str | None = None
    api_version: str | None = None
    vertex: bool = False
    project: str | None = None
    location: str | None = None
    proxies: bool = True
    """Whether `HTTPS_PROXY` and its like are obeyed."""

    def __repr__(self) -> str:
        """Nothing: the key must not reach a log."""
        return "Account()"


def account_of(api_key: str | None, environ: Mapping[str, str], *, vertex: bool) -> Account:
    """The account that the SDK's own variables describe."""
    if not vertex:
        return Account(api_key=api_key, api_version=api_version(environ))
    project = environ.get("GOOGLE_CLOUD_PROJECT")
    if project is None:
        return Account(vertex=True, api_key=api_key)
    # Named explicitly, because the SDK drops both when GOOGLE_VERTEX_BASE_URL is set.
    return Account(vertex=True, project=project, location=environ.get("GOOGLE_CLOUD_LOCATION") or "global")


def standin_account(url: str) -> Account:
    """The account of the offline stand-in at this address."""
    return Account(api_key="offline", base_url=url, api_version=DEFAULT_API_VERSION, proxies=False)


def api_version(environ: Mapping[str, str]) -> str:
    """The API version that is asked; `beta` is a word of the SDK's for the newest one."""
    version = environ.get("GOOGLE_GENAI_API_VERSION") or DEFAULT_API_VERSION
    return DEFAULT_API_VERSION if version == "beta" else version
