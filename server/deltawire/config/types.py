"""The types of settings: the check of each, and its accepted values in words for the error line."""

import ipaddress
import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from deltawire.config.addresses import check_host, check_postgresql, check_redis, check_sqlite, check_url
from deltawire.config.refusals import Unfit
from deltawire.conversations.files.kinds import NAMES as FILE_KINDS
from deltawire.edge.origin_form import normalised
from deltawire.identity.api_keys import parse_keys
from deltawire.limits.own_prices import read_prices
from deltawire.limits.rules import MAX_AMOUNT, read_amounts, read_counts
from deltawire.protocol.chat_request import MODEL_NAME
from deltawire.protocol.tools import BuiltInTool

_ORIGIN: Final = r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#@\s*]+"
_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
"""The accepted schemes of a database URL, each with the driver that is used."""
_DRIVER_PARAMETERS: Final = frozenset({"ssl", "host", "port", "target_session_attrs", "prepared_statement_cache_size"})
"""The parameters of a database URL that PostgreSQL's driver knows."""
_STORES: Final = {"redis": "redis", "rediss": "rediss", "unix": "unix", "valkey": "redis", "valkeys": "rediss"}
"""The accepted schemes of a Redis or Valkey URL, each with the scheme that the client knows."""


class Accepts(str):
    """The accepted values of a setting, in words."""

    __slots__ = ()


class AcceptsSecret(Accepts):
    """The accepted values of a setting whose value is never shown."""

    __slots__ = ()


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach this host."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _model_name(name: str) -> str:
    if not re.match(MODEL_NAME, name):
        raise ValueError
    return name


def _model_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_model_name(name) for name in names)


def _model_names_or_any(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name if name == "*" else _model_name(name) for name in names)


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _host_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name != "*":
            check_host(name)
    return tuple(f"[{name}]" if name.count(":") > 1 and not name.startswith("[") else name for name in names)


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    if not all(origin == "*" or re.fullmatch(_ORIGIN, origin) for origin in origins):
        raise ValueError
    for origin in origins:
        _ = urlsplit(origin).port  # raises ValueError for a wrong port
    return tuple(normalised(origin) for origin in origins)


def _networks(networks: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(network, strict=False)) for network in networks)


def _api_keys(pairs: SecretStr) -> SecretStr:
    if not parse_keys(pairs.get_secret_value().split(",")):
        raise ValueError
    return pairs


def _jwt_secret(secret: SecretStr) -> SecretStr:
    from deltawire.identity.jwt_tokens import SharedSecret  # noqa: PLC0415 - most servers have no secret to read

    SharedSecret(secret.get_secret_value())
    return secret


def _key_set_url(url: str) -> str:
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not is_safe or "@" in parts.netloc or re.search(r"[\s#]", url):
        raise ValueError
    check_url(url)
    return url


def _database_url(url: SecretStr) -> SecretStr:
    """Return the URL with its driver, and with that driver's name for `sslmode`, which platforms' URLs have."""
    from sqlalchemy import make_url  # noqa: PLC0415 - `--help` has no URL to read
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        sqlalchemy_url = make_url(url.get_secret_value())
    except ArgumentError:
        raise ValueError from None
    database = sqlalchemy_url.database
    if sqlalchemy_url.drivername not in _DRIVERS or database is None or database.endswith(":memory:"):
        raise ValueError
    driver = _DRIVERS[sqlalchemy_url.drivername]
    parameters = {("ssl" if name == "sslmode" else name): value for name, value in sqlalchemy_url.query.items()}
    is_sqlite = driver.startswith("sqlite")
    if is_sqlite:
        check_sqlite(parameters)
    elif unknown := sorted(parameters.keys() - _DRIVER_PARAMETERS):
        known = ", ".join(sorted(_DRIVER_PARAMETERS))
        name = unknown[0] if re.fullmatch(r"\w{1,40}", unknown[0]) else "in the query"
        raise Unfit(f"the driver does not know the parameter {name}, only {known} and sslmode")
    url_of_driver = sqlalchemy_url.set(drivername=driver, query=parameters)
    try:
        _, arguments = url_of_driver.get_dialect()().create_connect_args(url_of_driver)
    except ArgumentError:
        raise ValueError from None
    if not is_sqlite:
        check_postgresql(arguments)
    return SecretStr(url_of_driver.render_as_string(hide_password=False))


def _redis_url(url: SecretStr) -> SecretStr:
    """Return the URL with the scheme that the client knows."""
    scheme, colon, rest = url.get_secret_value().partition("://")
    parts = urlsplit(f"redis://{rest}")
    if scheme not in _STORES or not colon or not (parts.path if scheme == "unix" else parts.hostname):
        raise ValueError
    check_redis(f"{_STORES[scheme]}://{rest}")
    return SecretStr(f"{_STORES[scheme]}://{rest}")


def _files_url(url: str) -> str:
    """Return the URL of a folder or of an object store; credentials come from variables, never from the URL."""
    parts = urlsplit(url)
    is_folder = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    is_bucket = parts.scheme in ("s3", "gs", "az") and bool(re.fullmatch(r"[\w.-]+", parts.netloc))
    if not (is_folder or is_bucket) or parts.query or parts.fragment:
        raise ValueError
    return url


def _file_kinds(names: tuple[str, ...]) -> tuple[str, ...]:
    if not set(names) <= set(FILE_KINDS):
        raise ValueError
    return names


def _counts(text: str) -> str:
    read_counts(text)
    return text


def _amounts(text: str) -> str:
    read_amounts(text)
    return text


def _prices(text: str) -> str:
    read_prices(text)
    return text


def _bare_host(host: str) -> str:
    bare = host.removeprefix("[").removesuffix("]")
    check_host(bare)
    return bare


def _metrics_token(token: SecretStr) -> SecretStr:
    """Return a token that a header can hold: it has no spaces around it and is one line."""
    text = token.get_secret_value()
    if text != text.strip() or not text.isprintable():
        raise ValueError
    return token


_MAX_SECONDS: Final = 1_000_000
_MAX_COUNT: Final = 2**53
"""Many JSON readers use floats, which do not hold every whole number above this one."""

Seconds = Annotated[
    float,
    Field(gt=0, le=_MAX_SECONDS, allow_inf_nan=False),
    Accepts(f"seconds, more than 0, at most {_MAX_SECONDS:,}"),
]
_MAX_LIFETIME: Final = 10**9
Lifetime = Annotated[
    float,
    Field(gt=0, le=_MAX_LIFETIME, allow_inf_nan=False),
    Accepts(f"seconds, more than 0, at most {_MAX_LIFETIME:,}"),
]
SecondsOrNone = Annotated[
    float,
    Field(ge=0, le=_MAX_SECONDS, allow_inf_nan=False),
    Accepts(f"seconds, 0 or more, at most {_MAX_SECONDS:,}"),
]
SecondsOrUnset = Annotated[Seconds | None, Accepts(f"seconds, more than 0, at most {_MAX_SECONDS:,}")]
Count = Annotated[int, Field(ge=1, le=_MAX_COUNT), Accepts(f"a whole number from 1 to {_MAX_COUNT}")]
_MAX_WORKERS: Final = 1024
WorkerCount = Annotated[int, Field(ge=1, le=_MAX_WORKERS), Accepts(f"a whole number from 1 to {_MAX_WORKERS}")]
CallerQuota = Annotated[
    Annotated[int, Field(ge=1, le=_MAX_COUNT)] | None, Accepts(f"a whole number from 1 to {_MAX_COUNT}")
]
_Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
_Names = Annotated[_Listed, Accepts("model names of A-Z a-z 0-9 . _ -, separated by commas")]
Models = Annotated[_Names, AfterValidator(_model_names)]
OfferedModels = Annotated[_Names, AfterValidator(_model_names_or_any)]
OriginList = Annotated[
    _Listed, AfterValidator(_origins), Accepts("origins such as https://chat.example, separated by commas; or *")
]
Networks = Annotated[
    _Listed, AfterValidator(_networks), Accepts("addresses and networks such as 10.0.0.0/8, separated by commas")
]
Hosts = Annotated[_Listed, AfterValidator(_host_names), Accepts("host names without ports, separated by commas")]
Host = Annotated[str, AfterValidator(_bare_host), Accepts("an address or a host name")]
ToolList = Annotated[
    tuple[BuiltInTool, ...],
    NoDecode,
    BeforeValidator(_split),
    AfterValidator(_each_once),
    Accepts("search, url_context or code, separated by commas"),
]
ModelName = Annotated[Annotated[str, AfterValidator(_model_name)] | None, Accepts("one of MODELS")]
DatabaseUrl = Annotated[
    Annotated[SecretStr, AfterValidator(_database_url)] | None,
    AcceptsSecret("sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/NAME"),
]
RedisUrl = Annotated[
    Annotated[SecretStr, AfterValidator(_redis_url)] | None,
    AcceptsSecret("redis://USER:PASSWORD@HOST:PORT/DB, rediss:// for TLS, unix://PATH"),
]
FilesUrl = Annotated[
    Annotated[str, AfterValidator(_files_url)] | None,
    Accepts("file:///FOLDER, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX"),
]
FileTypes = Annotated[_Listed, AfterValidator(_file_kinds), Accepts(f"some of {', '.join(FILE_KINDS)}; commas between")]
CountRules = Annotated[
    Annotated[str, AfterValidator(_counts)] | None,
    Accepts(f"a whole number from 1 to {MAX_AMOUNT}, MODEL=NUMBER pairs, or both, separated by commas"),
]
AmountRules = Annotated[
    Annotated[str, AfterValidator(_amounts)] | None,
    Accepts(f"a number more than 0, at most {MAX_AMOUNT}, MODEL=NUMBER pairs, or both, separated by commas"),
]
PriceList = Annotated[
    Annotated[str, AfterValidator(_prices)] | None,
    Accepts("MODEL=INPUT/OUTPUT, MODEL=INPUT/OUTPUT/CACHED/AUDIO/SEARCH or MODEL@YYYY-MM-DD=..., separated by commas"),
]
ApiKeys = Annotated[
    Annotated[SecretStr, AfterValidator(_api_keys)] | None, AcceptsSecret("NAME:SHA256 pairs, separated by commas")
]
JwtSecret = Annotated[
    Annotated[SecretStr, AfterValidator(_jwt_secret)] | None, AcceptsSecret("a secret of at least 32 bytes")
]
MetricsToken = Annotated[
    Annotated[SecretStr, AfterValidator(_metrics_token)] | None, AcceptsSecret("a line without spaces around it")
]
KeySetUrl = Annotated[
    Annotated[str, AfterValidator(_key_set_url)] | None, Accepts("an https address; http on loopback only")
]
