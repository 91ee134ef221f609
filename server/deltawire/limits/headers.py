"""The `RateLimit` header fields of draft-ietf-httpapi-ratelimit-headers-10.

They hold only the limits that the draft has a unit for: requests in a window, and requests at once.
"""

from collections.abc import Iterable
from math import ceil

from deltawire.limits.report import Standing

_POLICIES = {"turns_per_minute": ";w=60", "turns_at_once": ';qu="concurrent-requests"'}


def rate_limit_fields(standings: Iterable[Standing]) -> dict[str, str]:
    """Return the two fields by their names, in lower case; an empty dict where nothing of this kind is limited."""
    limited = [(_name(standing), standing) for standing in standings if standing.limit in _POLICIES]
    if not limited:
        return {}
    return {
        "ratelimit-policy": ", ".join(
            f'"{name}";q={standing.allowed:.0f}{_POLICIES[standing.limit]}' for name, standing in limited
        ),
        "ratelimit": ", ".join(f'"{name}";r={standing.left:.0f}{_reset(standing)}' for name, standing in limited),
    }


def _name(standing: Standing) -> str:
    return standing.limit if standing.model is None else f"{standing.limit}:{standing.model}"


def _reset(standing: Standing) -> str:
    return "" if standing.resets_in is None else f";t={ceil(standing.resets_in)}"
