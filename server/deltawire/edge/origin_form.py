"""Origins as browsers write them."""

from typing import Final

DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
"""The end of an origin with the default port of its scheme, which browsers leave out."""


def normalised(origin: str) -> str:
    """Return an origin as browsers write it: in lower case, without the default port of its scheme."""
    lowered = origin.lower()
    return lowered.removesuffix(DEFAULT_PORTS.get(lowered.partition("://")[0], " "))
