"""The settings: each name, what it takes, and what happens to what it does not take."""

import re
from pathlib import Path

import pytest
from sqlalchemy import make_url
from support.paths import DOCS

from deltawire.config.description import describe
from deltawire.config.environment import load, unknown_names
from deltawire.config.settings import SettingsError

DIGEST = "0" * 64
WAYS_TO_ASK = {
    "API_KEYS": f"alice:{DIGEST}",
    "JWT_SECRET": "s" * 32,
    "JWT_JWKS_URL": "https://id.example/keys",
}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def lines_for(monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[str]:
    """Return the lines of the error of a start with these settings."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load()
    return refused.value.lines


@pytest.mark.parametrize(
    "name, value",
    [
        ("PORT", "70000"),
        ("PORT", "web"),
        ("WORKERS", "1025"),
        ("HOST", "not a host"),
        ("HOST", "127.0.0.1:8000"),
        ("HOST", "/run/deltawire.sock"),
        ("HOST", "chat..example"),
        ("HOST", "a" * 64),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("MODELS", "gemini/../x"),
        ("MODELS", " , "),
        ("DEFAULT_MODEL", "a b"),
        ("DEFAULT_MODEL", "gemini-9"),
        ("DEFAULT_MODEL", "*"),
        ("FALLBACK_MODELS", "a,*"),
        ("ALLOWED_HOSTS", "chat.example:8443"),
        ("ALLOWED_HOSTS", "https://chat.example"),
        ("ALLOWED_HOSTS", "*.chat.example"),
        ("CONNECT_TIMEOUT", "0"),
        ("FIRST_TOKEN_TIMEOUT", "nan"),
        ("TOKEN_TIMEOUT", "inf"),
        ("TURN_TIMEOUT", "ten"),
        ("RETRIES", "-1"),
        ("RETRIES", "1.5"),
        ("MAX_MESSAGE_CHARS", "0"),
        ("MAX_FRAME_BYTES", "4 MiB"),
        ("MAX_TURNS", "many"),
        ("ALLOW_ANONYMOUS", "perhaps"),
        ("API_KEYS", "alice"),
        ("API_KEYS", "alice:abc"),
        ("API_KEYS", f"al ice:{DIGEST}"),
        ("API_KEYS", f"alice:{DIGEST},mallory:{DIGEST}"),
        ("API_KEYS", "#"),
        ("JWT_SECRET", "short"),
        ("JWT_SECRET", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----"),
        ("JWT_JWKS_URL", "http://id.example/keys"),
        ("JWT_JWKS_URL", "https:///keys"),
        ("JWT_JWKS_URL", "https://user:password@id.example/keys"),
        ("JWT_JWKS_URL", "file:///etc/keys"),
        ("JWT_JWKS_URL", "https://id.example:99999/keys"),
        ("JWT_JWKS_URL", "https://id.example:https/keys"),
        ("JWT_JWKS_URL", "https://id..example/keys"),
        ("ALLOWED_ORIGINS", "chat.example"),
        ("ALLOWED_ORIGINS", "https://chat.example/"),
        ("ALLOWED_ORIGINS", "https://*.example"),
        ("ALLOWED_ORIGINS", "https://chat.example:99999"),
        ("ALLOWED_ORIGINS", "https://[::1"),
        ("TRUSTED_PROXIES", "proxy.example"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
    ],
)
def test_a_bad_value_is_named_with_what_it_got_and_what_it_takes(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    [line] = lines_for(monkeypatch, **{f"DELTAWIRE_{name}": value})
    assert line.startswith(f"DELTAWIRE_{name}: got ")
    assert "; takes " in line


@pytest.mark.parametrize(
    "name, value",
    [
        ("DELTAWIRE_FILES_URL", "s3://planted:planted/planted@bucket/files"),
        ("DELTAWIRE_FILES_URL", "az://container/files?sig=planted"),
        ("DELTAWIRE_JWT_JWKS_URL", "https://planted:planted@id.example/keys"),
        ("DELTAWIRE_ALLOWED_ORIGINS", "https://a.example,https://planted@b.example"),
        ("GOOGLE_GEMINI_BASE_URL", "https://planted:planted@proxy.example/v1beta"),
        ("GOOGLE_GEMINI_BASE_URL", "planted:planted@proxy.example"),
    ],
)
def test_a_bad_address_is_shown_without_what_may_be_secret_in_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "key")
    [line] = lines_for(monkeypatch, **{name: value})
    assert line.startswith(f"{name}: got '")
    assert "planted" not in line


def test_a_parameter_that_the_driver_of_the_database_does_not_know_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://u:planted@store.example/chat?sslmode=require&channel_binding=require"
    [line] = lines_for(monkeypatch, DELTAWIRE_DATABASE_URL=url)
    assert line.startswith("DELTAWIRE_DATABASE_URL: got a value that is not shown; takes ")
    assert "does not know the parameter channel_binding, only " in line
    assert "planted" not in line


def test_an_empty_value_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = load().retry_max_delay
    monkeypatch.setenv("DELTAWIRE_RETRY_MAX_DELAY", "")
    assert load().retry_max_delay == usual


@pytest.mark.parametrize("name", ["API_KEYS", "JWT_SECRET"])
def test_a_bad_secret_is_named_but_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    [line] = lines_for(monkeypatch, **{f"DELTAWIRE_{name}": "planted"})
    assert line.startswith(f"DELTAWIRE_{name}: got a value that is not shown; takes ")
    assert "planted" not in line


def test_the_port_without_prefix_is_named_as_it_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines_for(monkeypatch, PORT="web") == ["PORT: got 'web'; takes a port from 0 to 65535; 0 takes a free one"]


def test_the_port_with_prefix_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("DELTAWIRE_PORT", "2")
    assert load().port == 2


SERVICES = {
    "DELTAWIRE_PORT": "tcp://10.96.7.8:80",
    "DELTAWIRE_SERVICE_HOST": "10.96.7.8",
    "DELTAWIRE_SERVICE_PORT": "80",
    "DELTAWIRE_SERVICE_PORT_HTTP": "80",
    "DELTAWIRE_PORT_80_TCP": "tcp://10.96.7.8:80",
    "DELTAWIRE_PORT_80_TCP_PROTO": "tcp",
    "DELTAWIRE_PORT_80_TCP_PORT": "80",
    "DELTAWIRE_PORT_80_TCP_ADDR": "10.96.7.8",
    "DELTAWIRE_POSTGRES_SERVICE_HOST": "fd00::7",
    "DELTAWIRE_POSTGRES_PORT": "tcp://[fd00::7]:5432",
    "DELTAWIRE_POSTGRES_PORT_5432_TCP": "tcp://[fd00::7]:5432",
}
"""The variables that Kubernetes sets for services named `deltawire` and `deltawire-postgres`."""


@pytest.mark.parametrize("port, taken", [(None, 8000), ("8123", 8123)])
def test_what_kubernetes_sets_for_services_is_no_setting(
    monkeypatch: pytest.MonkeyPatch, port: str | None, taken: int
) -> None:
    for name, value in SERVICES.items():
        monkeypatch.setenv(name, value)
    if port is not None:
        monkeypatch.setenv("PORT", port)
    assert load().port == taken
    assert list(unknown_names(SERVICES)) == []


def test_beside_what_kubernetes_sets_a_bad_port_is_named_as_it_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines_for(monkeypatch, **SERVICES, PORT="web") == [
        "PORT: got 'web'; takes a port from 0 to 65535; 0 takes a free one"
    ]


def test_a_port_that_is_almost_what_kubernetes_sets_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    [line] = lines_for(monkeypatch, DELTAWIRE_PORT="tcp://here")
    assert line.startswith("DELTAWIRE_PORT: got 'tcp://here'; takes a port")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "chat.example"])
def test_an_open_address_needs_to_be_allowed(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    [line] = lines_for(monkeypatch, DELTAWIRE_HOST=host)
    assert host in line
    for way in ("ALLOW_ANONYMOUS", *WAYS_TO_ASK, "API_KEYS_FILE"):
        assert f"DELTAWIRE_{way}" in line
    assert load(serves=False).host == host
    monkeypatch.setenv("DELTAWIRE_ALLOW_ANONYMOUS", "true")
    assert load().host == host


@pytest.mark.parametrize("name", WAYS_TO_ASK)
def test_an_open_address_needs_nothing_more_where_people_are_asked_who_they_are(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("DELTAWIRE_HOST", "0.0.0.0")
    monkeypatch.setenv(f"DELTAWIRE_{name}", WAYS_TO_ASK[name])
    assert load().requires_authentication


@pytest.mark.parametrize(
    "models, default, offered",
    [
        ("gemini-a,gemini-b", None, ("gemini-a", "gemini-b")),
        ("gemini-a,gemini-b,*", None, ("gemini-a", "gemini-b")),
        ("gemini-a,*", "gemini-c", ("gemini-c", "gemini-a")),
        ("*", "gemini-c", ("gemini-c",)),
        ("*", None, ("gemini-flash-latest",)),
    ],
)
def test_the_models_that_are_named_are_listed_beside_a_star_too(
    monkeypatch: pytest.MonkeyPatch, models: str, default: str | None, offered: tuple[str, ...]
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "key")
    monkeypatch.setenv("DELTAWIRE_MODELS", models)
    if default is not None:
        monkeypatch.setenv("DELTAWIRE_DEFAULT_MODEL", default)
    assert load().offered_models == offered


@pytest.mark.parametrize("key", ["two\nlines", "a b", "schl\u00fcssel"])
def test_a_key_that_no_header_could_hold_stops_the_start_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    [line] = lines_for(monkeypatch, GEMINI_API_KEY=key)
    assert line.startswith("GEMINI_API_KEY")
    assert key not in line


def test_a_folder_may_have_any_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "what? 100%41 #1"
    monkeypatch.setenv("DELTAWIRE_DATA_DIR", str(folder))
    assert make_url(load().database).database == str(folder / "conversations.db")


def test_any_origin_is_welcome_only_where_people_are_asked_who_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    [line] = lines_for(monkeypatch, DELTAWIRE_ALLOWED_ORIGINS="*")
    assert line.startswith("DELTAWIRE_ALLOWED_ORIGINS: got '*'")
    monkeypatch.setenv("DELTAWIRE_API_KEYS", WAYS_TO_ASK["API_KEYS"])
    assert load().allowed_origins == ("*",)


def test_origins_are_kept_as_browsers_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELTAWIRE_ALLOWED_ORIGINS", "HTTPS://Chat.Example:443, http://localhost:5173")
    assert load().allowed_origins == ("https://chat.example", "http://localhost:5173")


@pytest.mark.parametrize(
    "content, reason",
    [
        (None, "no such file or directory"),
        (b"alice", "line 1 is no NAME:SHA256"),
        (f"alice:{DIGEST}\nmallory:{DIGEST}".encode(), "line 2 gives the key of another name"),
        (b"\xff", "it is not UTF-8"),
        (b"#" * 2**21, "it is over a mebibyte"),
    ],
)
def test_a_key_file_that_cannot_be_read_stops_the_start_and_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)
    lines = lines_for(monkeypatch, DELTAWIRE_API_KEYS_FILE=str(file))
    assert lines == [f"DELTAWIRE_API_KEYS_FILE: got {str(file)!r}: {reason}"]


@pytest.mark.parametrize(
    "settings",
    [
        {"JWT_SECRET": "s" * 32, "JWT_JWKS_URL": "https://id.example/keys"},
        {"JWT_ISSUER": "https://id.example"},
        {"JWT_AUDIENCE": "deltawire"},
    ],
)
def test_tokens_are_signed_in_one_way_and_their_claims_need_a_signature(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    [line] = lines_for(monkeypatch, **{f"DELTAWIRE_{name}": value for name, value in settings.items()})
    assert line.startswith("DELTAWIRE_JWT_")
    assert "JWT_JWKS_URL" in line


@pytest.mark.parametrize("name", ["TURNS_PER_MINUTE", "TURNS_AT_ONCE", "TOKENS_PER_DAY", "USD_PER_DAY"])
@pytest.mark.parametrize("value", ["many", "0", "-5", "30,40", "gemini-flash-latest=", "a b=5", "30;gemini=5"])
def test_a_limit_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    [line] = lines_for(monkeypatch, **{f"DELTAWIRE_{name}": value})
    assert line.startswith(f"DELTAWIRE_{name}: got {value!r}; takes a ")


def test_a_limit_of_a_model_that_is_not_on_offer_would_limit_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELTAWIRE_MODELS", "gemini-pro")
    monkeypatch.setenv("DELTAWIRE_FALLBACK_MODELS", "gemini-flash")
    [line] = lines_for(monkeypatch, DELTAWIRE_USD_PER_DAY="5,gemini-pro=1,gemini-flash=1,gemini-por=1")
    assert line == "DELTAWIRE_USD_PER_DAY: got 'gemini-por'; takes models of DELTAWIRE_MODELS"
    monkeypatch.setenv("DELTAWIRE_MODELS", "*")
    assert load().limits.models == {"gemini-pro", "gemini-flash", "gemini-por"}


@pytest.mark.parametrize(
    "url",
    [
        *("secret", "secret:6379", "http://secret", "redis://", "redis://:secret@", "unix://", "redis://secret:port/0"),
        *(
            "redis://secret:6379/first",
            "redis://secret:6379/-1",
            "redis://secret..example/0",
            "unix:///secret?db=first",
        ),
        *("redis://secret/0?db=first", "redis://secret/0?no=such", "redis://secret/0?socket_timeout=long"),
        "rediss://secret/0?ssl_cert_reqs=perhaps",
    ],
)
def test_a_bad_address_of_the_store_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    [line] = lines_for(monkeypatch, DELTAWIRE_REDIS_URL=url)
    assert line.startswith("DELTAWIRE_REDIS_URL: got a value that is not shown; takes redis://")
    assert "secret" not in line


@pytest.mark.parametrize(
    "written, used",
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("rediss://u:p@store.example", "rediss://u:p@store.example"),
        ("valkey://store.example/1", "redis://store.example/1"),
        ("valkeys://store.example", "rediss://store.example"),
        ("unix:///run/valkey.sock?db=1", "unix:///run/valkey.sock?db=1"),
        ("rediss://store.example/?ssl_cert_reqs=none", "rediss://store.example/?ssl_cert_reqs=none"),
    ],
)
def test_a_valkey_is_spoken_to_like_a_redis(monkeypatch: pytest.MonkeyPatch, written: str, used: str) -> None:
    monkeypatch.setenv("DELTAWIRE_REDIS_URL", written)
    url = load().redis_url
    assert url is not None
    assert url.get_secret_value() == used


@pytest.mark.parametrize(
    "url",
    [
        *("sqlite:///secret.db?timeout=long", "sqlite:///secret.db?mode=ro", "sqlite://secret/conversations.db"),
        *("sqlite:///file:secret?mode=memory&uri=true", "sqlite:///file::memory:?cache=secret&uri=true"),
        *("postgresql://u:secret@store.example:99999/chat", "postgresql://u:secret@store..example/chat"),
        *(
            f"postgresql://u:secret@store.example/chat?{parameter}"
            for parameter in (
                *("sslmode=perhaps", "target_session_attrs=writable", "port=first", "host=a:1&host=b"),
                *("prepared_statement_cache_size=none", "prepared_statement_cache_size=-1", "ssl=require&ssl=disable"),
            )
        ),
    ],
)
def test_a_bad_address_of_the_database_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    [line] = lines_for(monkeypatch, DELTAWIRE_DATABASE_URL=url)
    assert line.startswith("DELTAWIRE_DATABASE_URL: got a value that is not shown; takes sqlite")
    assert "secret" not in line


@pytest.mark.parametrize(
    "url",
    [
        *("sqlite:////var/lib/deltawire/conversations.db", "sqlite:///conversations.db?timeout=10"),
        "sqlite:///file:/var/lib/deltawire/conversations.db?mode=ro&uri=true",
        "postgresql:///chat?host=/var/run/postgresql",
        "postgresql://u:p@/chat?host=a:5432&host=b:5432&target_session_attrs=read-write",
        "postgresql://u:p@store.example/chat?sslmode=verify-full&prepared_statement_cache_size=0",
        "postgresql://u:p@[::1]:5432/chat",
    ],
)
def test_a_good_address_of_the_database_is_accepted(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DELTAWIRE_DATABASE_URL", url)
    assert load().database_url is not None


@pytest.mark.parametrize("name", ["METRICS_TOKEN", "METRICS_TOKEN_BEFORE"])
@pytest.mark.parametrize("token", [" ", " planted", "planted\nplanted"])
def test_a_token_that_no_header_could_hold_is_named_but_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, token: str
) -> None:
    [line] = lines_for(monkeypatch, **{"DELTAWIRE_METRICS_TOKEN": "a token", f"DELTAWIRE_{name}": token})
    assert line == f"DELTAWIRE_{name}: got a value that is not shown; takes a line without spaces around it"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_a_loopback_address_is_open_to_nobody_else(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("DELTAWIRE_HOST", host)
    assert load().host == host


@pytest.mark.parametrize(
    "name, value",
    [
        ("GOOGLE_GEMINI_BASE_URL", "not a url"),
        ("GOOGLE_GEMINI_BASE_URL", "http://gateway.example:99999"),
        ("GOOGLE_GEMINI_BASE_URL", "http://gateway..example"),
        ("GOOGLE_VERTEX_BASE_URL", "http://[::1"),
        ("GOOGLE_GENAI_USE_VERTEXAI", "maybe"),
        ("GOOGLE_GENAI_USE_ENTERPRISE", "maybe"),
    ],
)
def test_a_bad_setting_of_the_upstream_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    [line] = lines_for(monkeypatch, **{name: value})
    assert line.startswith(f"{name}: got {value!r}; takes ")


@pytest.mark.parametrize("name", ["GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL"])
@pytest.mark.parametrize("version", ["v1", "v1beta", "v1beta1", "v1alpha", "v2"])
@pytest.mark.parametrize("end", ["", "/", "//"])
def test_an_address_of_the_upstream_brings_no_version(
    monkeypatch: pytest.MonkeyPatch, name: str, version: str, end: str
) -> None:
    [line] = lines_for(monkeypatch, **{name: f"https://gateway.example/gemini/{version}{end}"})
    assert line.startswith(f"{name}: ")
    assert f"without {version}," in line


@pytest.mark.parametrize("url", ["https://gateway.example/v1x", "https://v1.example/", "http://127.0.0.1:80/v1/gemini"])
def test_an_address_of_the_upstream_may_hold_what_only_looks_like_a_version(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", url)
    load()


@pytest.mark.parametrize(
    "settings, latest",
    [
        ({}, "gemini-flash-latest"),
        ({"DELTAWIRE_MODELS": "gemini-3-flash,gemini-pro-latest"}, "gemini-pro-latest"),
        ({"DELTAWIRE_MODELS": "m", "DELTAWIRE_FALLBACK_MODELS": "gemini-flash-latest"}, "gemini-flash-latest"),
    ],
)
def test_v1_does_not_know_the_names_that_end_in_latest(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], latest: str
) -> None:
    [line] = lines_for(monkeypatch, GEMINI_API_KEY="k", GOOGLE_GENAI_API_VERSION="v1", **settings)
    assert line.startswith("GOOGLE_GENAI_API_VERSION: got 'v1'")
    assert latest in line


def test_v1_is_fine_for_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"GEMINI_API_KEY": "k", "GOOGLE_GENAI_API_VERSION": "v1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DELTAWIRE_MODELS", "gemini-3-flash")
    load()


def test_vertex_needs_a_project_or_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    [line] = lines_for(monkeypatch, GOOGLE_GENAI_USE_VERTEXAI="true")
    assert line.startswith("GOOGLE_CLOUD_PROJECT: ")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    assert load().has_upstream


def test_vertex_needs_the_file_of_credentials_that_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "project")
    file = tmp_path / "account.json"
    [line] = lines_for(monkeypatch, GOOGLE_APPLICATION_CREDENTIALS=str(file))
    assert line.startswith(f"GOOGLE_APPLICATION_CREDENTIALS: got {str(file)!r}: no such file or directory; takes ")
    file.write_text("{}")
    load()


def test_contradictions_are_all_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(lines_for(monkeypatch, DELTAWIRE_HOST="0.0.0.0", DELTAWIRE_DEFAULT_MODEL="other")) == 2


def test_an_ipv6_address_may_stand_in_brackets_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELTAWIRE_HOST", "[::1]")
    monkeypatch.setenv("DELTAWIRE_ALLOWED_HOSTS", "::1,[::2],a")
    assert load().host == "::1"
    assert load().allowed_hosts == ("[::1]", "[::2]", "a")


def test_every_bad_setting_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = lines_for(monkeypatch, DELTAWIRE_PORT="x", DELTAWIRE_RETRIES="x", DELTAWIRE_TURNS_AT_ONCE="x")
    assert len(lines) == 3


def test_unknown_names_come_with_the_nearest_known_one() -> None:
    environment = {"DELTAWIRE_MODEL": "x", "DELTAWIRE_QQQQ": "x", "DELTAWIRE_HOST": "x", "OTHER": "x"}
    assert dict(unknown_names(environment)) == {"DELTAWIRE_MODEL": "DELTAWIRE_MODELS", "DELTAWIRE_QQQQ": None}


def test_a_key_stays_out_of_the_settings_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "planted")
    settings = load()
    assert settings.has_upstream
    assert "planted" not in repr(settings)
    assert "planted" not in str(settings.model_dump())


def test_the_secret_of_tokens_stays_out_of_the_settings_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELTAWIRE_JWT_SECRET", "planted" * 8)
    settings = load()
    assert settings.requires_authentication
    assert "planted" not in repr(settings)
    assert "planted" not in str(settings.model_dump())


def test_the_docs_list_every_setting_as_it_is() -> None:
    page = (DOCS / "reference" / "settings.md").read_text()
    rows = re.findall(r"^\| `(DELTAWIRE_\w+)` \| (.*?) \| (.*?) \| (.*?) \|$", page, re.MULTILINE)
    listed = [(name, default.strip("`"), takes, purpose) for name, default, takes, purpose in rows]
    assert listed == list(describe()), "run `make docs-settings`"
