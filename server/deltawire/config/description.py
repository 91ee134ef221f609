"""The description of every setting: the table that `--help` prints and the docs show."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from deltawire.config.settings import PREFIX, Settings
from deltawire.config.types import Accepts


class SettingRow(NamedTuple):
    """One row of the table."""

    name: str
    default: str
    accepts: str
    """The accepted values, in words."""
    description: str


def describe() -> Iterator[SettingRow]:
    """Yield a row for each setting that has the prefix; those of google-genai have none."""
    for name, field in Settings.model_fields.items():
        if not field.exclude:
            accepts = next((item for item in field.metadata if isinstance(item, Accepts)), "")
            yield SettingRow(PREFIX + name.upper(), _shown(field.default), str(accepts), field.description or "")


def _shown(default: Any) -> str:
    """Return a default value as an operator would write it in the environment."""
    if default is None:
        return ""
    if isinstance(default, tuple):
        return ",".join(default)
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)
