"""The settings: each name, what it takes, and what happens to what it does not take."""

import re
from pathlib import Path

import pytest

from server.settings import SettingsError, describe, load, unknown_names

README = Path(__file__).parent.parent / "README.md"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def lines_for(monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[str]:
    """What a start with these settings says."""
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
        ("CONNECT_TIMEOUT", "0"),
        ("FIRST_TOKEN_TIMEOUT", "nan"),
        ("TOKEN_TIMEOUT", "inf"),
        ("TURN_TIMEOUT", "ten"),
        ("RETRIES", "-1"),
        ("RETRIES", "1.5"),
        ("RETRY_MAX_DELAY", ""),
        ("MAX_MESSAGE_CHARS", "0"),
        ("MAX_FRAME_BYTES", "4 MiB"),
        ("MAX_TURNS", "many"),
        ("ALLOW_ANONYMOUS", "perhaps"),
    ],
)
def test_a_bad_value_is_named_with_what_it_got_and_what_it_takes(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    if not value:
        monkeypatch.setenv(f"DELTAWIRE_{name}", value)
        assert load()  # an empty value counts as unset
        return
    [line] = lines_for(monkeypatch, **{f"DELTAWIRE_{name}": value})
    assert line.startswith(f"DELTAWIRE_{name}: got ")
    assert "; takes " in line


def test_the_port_without_prefix_is_named_as_it_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines_for(monkeypatch, PORT="web") == ["PORT: got 'web'; takes a port from 0 to 65535; 0 takes a free one"]


def test_the_port_with_prefix_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("DELTAWIRE_PORT", "2")
    assert load().port == 2


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "chat.example"])
def test_an_open_address_needs_to_be_allowed(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    [line] = lines_for(monkeypatch, DELTAWIRE_HOST=host)
    assert host in line
    assert "DELTAWIRE_ALLOW_ANONYMOUS" in line
    monkeypatch.setenv("DELTAWIRE_ALLOW_ANONYMOUS", "true")
    assert load().host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_a_loopback_address_is_open_to_nobody_else(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("DELTAWIRE_HOST", host)
    assert load().host == host


@pytest.mark.parametrize("name", ["API_KEYS", "JWT_SECRET", "ALLOWED_ORIGINS", "TOKENS_PER_DAY", "api_keys_file"])
def test_a_door_that_cannot_be_shut_yet_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    [line] = lines_for(monkeypatch, **{f"DELTAWIRE_{name}": "secret"})
    assert line.startswith(f"DELTAWIRE_{name}: ")
    assert "secret" not in line


@pytest.mark.parametrize(
    "name, value",
    [
        ("GOOGLE_GEMINI_BASE_URL", "not a url"),
        ("GOOGLE_GENAI_USE_VERTEXAI", "maybe"),
        ("GOOGLE_GENAI_USE_ENTERPRISE", "maybe"),
    ],
)
def test_a_bad_setting_of_the_upstream_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    [line] = lines_for(monkeypatch, **{name: value})
    assert line.startswith(f"{name}: got {value!r}; takes ")


def test_vertex_needs_a_project_or_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    [line] = lines_for(monkeypatch, GOOGLE_GENAI_USE_VERTEXAI="true")
    assert line.startswith("GOOGLE_CLOUD_PROJECT: ")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    assert load().has_upstream


def test_contradictions_are_all_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(lines_for(monkeypatch, DELTAWIRE_HOST="0.0.0.0", DELTAWIRE_DEFAULT_MODEL="other")) == 2


def test_an_ipv6_address_may_stand_in_brackets_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELTAWIRE_HOST", "[::1]")
    monkeypatch.setenv("DELTAWIRE_ALLOWED_HOSTS", "::1,[::2],a")
    assert load().host == "::1"
    assert load().allowed_hosts == ("[::1]", "[::2]", "a")


def test_every_bad_setting_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = lines_for(monkeypatch, DELTAWIRE_PORT="x", DELTAWIRE_RETRIES="x", DELTAWIRE_API_KEYS="x")
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


def test_the_readme_lists_every_setting_as_it_is() -> None:
    rows = re.findall(r"^\| `(DELTAWIRE_\w+)` \| (.*?) \| (.*?) \| (.*?) \|$", README.read_text(), re.MULTILINE)
    listed = [(name, default.strip("`"), takes, purpose) for name, default, takes, purpose in rows]
    assert listed == list(describe())
