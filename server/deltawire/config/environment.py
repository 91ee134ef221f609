"""Read the settings from the environment; report wrong values and unknown names."""

import difflib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import AliasChoices, ValidationError
from pydantic.fields import FieldInfo

from deltawire.config.checks import contradictions
from deltawire.config.description import describe
from deltawire.config.kubernetes import is_of_a_service
from deltawire.config.refusals import Unfit, shown
from deltawire.config.secret_files import SUFFIX
from deltawire.config.settings import PREFIX, SECRETS, Settings, SettingsError
from deltawire.config.types import Accepts, AcceptsSecret


def load(*, serves: bool = True) -> Settings:
    """Return the settings of this environment; raise `SettingsError` when they cannot be used.

    `serves` is False for a command that lets nobody in: it does not ask who may come in.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError([_line(problem) for problem in error.errors()]) from None
    if lines := list(contradictions(settings, serves=serves)):
        raise SettingsError(lines)
    return settings


def unknown_names(environ: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Yield each `DELTAWIRE_` name that is not a setting, with the most similar setting, if there is one."""
    known = [row.name.removeprefix(PREFIX) for row in describe()]
    known += [name.removeprefix(PREFIX) + SUFFIX for name in SECRETS]
    for name in sorted(environ):
        bare = name.upper().removeprefix(PREFIX)
        is_a_setting = name.upper().startswith(PREFIX) and not is_of_a_service(name, environ[name])
        if is_a_setting and bare not in known:
            nearest = difflib.get_close_matches(bare, known, n=1)
            yield name, PREFIX + nearest[0] if nearest else None


def _line(problem: Any) -> str:
    """Return a problem that pydantic found as a line for the operator."""
    first = str(problem["loc"][0]).upper().removeprefix(PREFIX)
    field = next(field for name, field in Settings.model_fields.items() if first in _names_of(name, field))
    accepts = next((item for item in field.metadata if isinstance(item, Accepts)), "true or false")
    name_in_use, got = next(
        (
            (name, value)
            for alias in _names_of(first.lower(), field)
            for name, value in os.environ.items()
            if value and name.upper() in (PREFIX + alias, alias) and not is_of_a_service(name, value)
        ),
        (PREFIX + first + SUFFIX, ""),  # it stands in a file
    )
    value = "a value that is not shown" if isinstance(accepts, AcceptsSecret) else shown(got)
    error = problem.get("ctx", {}).get("error")
    reason = f"; {error}" if isinstance(error, Unfit) else ""
    return f"{name_in_use.upper()}: got {value}; takes {accepts}{reason}"


def _names_of(name: str, field: FieldInfo) -> list[str]:
    """Return the environment's names of a field, without the prefix."""
    if isinstance(field.validation_alias, AliasChoices):
        return [str(choice).removeprefix(PREFIX) for choice in field.validation_alias.choices]
    return [name.upper()]
