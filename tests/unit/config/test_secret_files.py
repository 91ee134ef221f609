"""Secrets from files."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from deltawire.config.environment import load, unknown_names
from deltawire.config.settings import SECRETS, Settings, SettingsError

VALUES = {
    "DELTAWIRE_STATE_SECRET": "s" * 32,
    "DELTAWIRE_DATABASE_URL": "postgresql+asyncpg://u:planted@h/n",
    "DELTAWIRE_REDIS_URL": "redis://u:planted@h/0",
    "DELTAWIRE_JWT_SECRET": "planted-secret-that-is-long-enough",
    "DELTAWIRE_JWT_SECRET_BEFORE": "another-planted-secret-that-is-long-enough",
    "DELTAWIRE_METRICS_TOKEN": "planted",
    "DELTAWIRE_METRICS_TOKEN_BEFORE": "planted too",
    "GOOGLE_API_KEY": "planted",
    "GEMINI_API_KEY": "planted",
}


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VALUES:
        monkeypatch.delenv(name, raising=False)


def test_each_secret_may_stand_in_a_file() -> None:
    secrets = {name for name, field in Settings.model_fields.items() if "SecretStr" in repr(field)}
    with_files = {name.removeprefix("DELTAWIRE_").lower() for name in SECRETS if name.startswith("DELTAWIRE_")}
    assert secrets == with_files | {"api_key", "api_keys"}  # the keys of callers have a file of another form
    assert set(VALUES) == set(SECRETS)


@pytest.mark.parametrize("name", VALUES)
def test_a_secret_in_a_file_counts_as_if_it_were_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(VALUES[name] + "\n")
    monkeypatch.setenv(f"{name}_FILE", str(file))
    if name.endswith("_BEFORE"):
        monkeypatch.setenv(name.removesuffix("_BEFORE"), "the-planted-secret-that-has-followed-it")
    field: Any = "api_key" if name.endswith("API_KEY") else name.removeprefix("DELTAWIRE_").lower()
    found = getattr(load(), field)
    assert isinstance(found, SecretStr)
    assert found.get_secret_value() == VALUES[name]
    assert list(unknown_names({f"{name}_FILE": "x"})) == []


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "no such file or directory; takes a file with the secret"),
        (b"\n", "which is empty; takes a file with the secret"),
        (b"\xff", "which is not UTF-8; takes a file with the secret"),
        (b"s" * 70_000, "which is over 65,536 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, message: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("DELTAWIRE_JWT_SECRET_FILE", str(file))
    with pytest.raises(SettingsError) as refused:
        load()
    [line] = refused.value.lines
    assert line.startswith("DELTAWIRE_JWT_SECRET_FILE: got ")
    assert line.endswith(message)


def test_a_secret_is_given_in_one_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s" * 32)
    monkeypatch.setenv("DELTAWIRE_JWT_SECRET_FILE", str(file))
    monkeypatch.setenv("DELTAWIRE_JWT_SECRET", "t" * 32)
    with pytest.raises(SettingsError, match="takes nothing when DELTAWIRE_JWT_SECRET is set"):
        load()


def test_a_bad_secret_in_a_file_is_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("planted")
    monkeypatch.setenv("DELTAWIRE_JWT_SECRET_FILE", str(file))
    with pytest.raises(SettingsError) as refused:
        load()
    assert refused.value.lines == [
        "DELTAWIRE_JWT_SECRET_FILE: got a value that is not shown; takes a secret of at least 32 bytes"
    ]
