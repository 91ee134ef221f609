"""Checks of the host names and URLs in settings: one that no connection could use is a bad value."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

_SSL_MODES: Final = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
_SESSION_KINDS: Final = frozenset({"any", "primary", "standby", "read-write", "read-only", "prefer-standby"})
_MAX_PORT: Final = 65535


def check_host(host: str) -> None:
    """Raise `ValueError` for what is no host name and no address, and for a name that a resolver does not accept."""
    if not host or re.search(r"[/\s*]|^[^:]*:[^:]*$|\]:", host):
        raise ValueError
    host.encode("idna")


def check_url(url: str) -> None:
    """Raise `ValueError` for a URL without a host, and for one whose host or port cannot be used."""
    parts = urlsplit(url)
    check_host(parts.hostname or "")
    _ = parts.port  # raises ValueError for a wrong port


def check_postgresql(arguments: Mapping[str, Any]) -> None:
    """Raise `ValueError` when the driver's arguments, as SQLAlchemy reads them from a URL, have a value of no use."""
    for host in _several(arguments.get("host")):
        if not host.startswith("/"):  # else it is the folder of a socket
            check_host(host)
    if not all(0 < int(port) <= _MAX_PORT for port in _several(arguments.get("port"))):
        raise ValueError
    if arguments.get("ssl", "prefer") not in _SSL_MODES:
        raise ValueError
    if arguments.get("target_session_attrs", "any") not in _SESSION_KINDS:
        raise ValueError
    if int(arguments.get("prepared_statement_cache_size", 0)) < 0:
        raise ValueError


def _several(value: Any) -> list[Any]:
    """Return the values of an argument that has one, several, or none."""
    values = value if isinstance(value, list | tuple) else [value]
    return [one for one in values if one is not None]


def check_sqlite(parameters: Mapping[str, Any]) -> None:
    """Raise `ValueError` for parameters that would have no effect, and for a database that is no file.

    SQLAlchemy passes parameters of SQLite's own, such as `mode=ro`, only where `uri=true` stands beside them.
    """
    is_uri = parameters.get("uri") == "true"
    if not is_uri and not parameters.keys() <= {"timeout"}:
        raise ValueError
    if parameters.get("mode") == "memory":
        raise ValueError


def check_redis(url: str) -> None:
    """Raise `ValueError` for a URL of redis-py with a database or a parameter that a connection does not take."""
    from redis import RedisError  # noqa: PLC0415 - most servers have no such URL
    from redis.asyncio import ConnectionPool  # noqa: PLC0415

    parts = urlsplit(url)
    if parts.scheme != "unix":
        check_url(url)
        if not re.fullmatch(r"/?|/\d+", parts.path):  # redis-py would take database 0
            raise ValueError
    try:
        pool: Any = ConnectionPool.from_url(url)
        pool.make_connection()  # it connects nothing yet
    except (TypeError, RedisError):
        raise ValueError from None
