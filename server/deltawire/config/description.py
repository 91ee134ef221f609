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
    """Yield a row for each setting."""
    for name, field in Settings.model_fields.items():
        if not field.exclude:
            takes = next((item for item in field.metadata if isinstance(item, Accepts)), "")
            yield SettingRow(PREFIX + name.upper(), _shown(field.default), str(takes), field.description or "")


def _shown(default: Any) -> str:
    if default is None:
        return ""
    if isinstance(default, tuple):
        return ",".join(default)
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)
