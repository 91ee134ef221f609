"""The table of model families and the settings that each accepts. No I/O.

docs/reference/upstream.md shows the same table; `tests/unit/gemini/test_models.py` compares the two. A model that no
row names gets the settings of the newer models.
"""

import re
from functools import lru_cache
from typing import Any, Final, get_args

import msgspec

from deltawire.protocol.tools import BuiltInTool

MAX_OUTPUT_TOKENS: Final = 65_536
"""Above this, a model may stop with CONTINUATION and wait for a request to continue."""

_LEVELS: Final = ("MINIMAL", "LOW", "MEDIUM", "HIGH")
_EVERY_TOOL: Final[tuple[BuiltInTool, ...]] = get_args(BuiltInTool)
_BUDGETS: Final = {"low": 1_024, "medium": 8_192, "high": 24_576}


class ModelFamily(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that the models of one family accept."""

    names: str
    """A regular expression for the beginning of a name."""
    levels: tuple[str, ...] = ()
    """The accepted thinking levels, the lowest first."""
    least_budget: int | None = None
    """The lowest thinking budget in tokens; None where no budget is accepted."""
    shows_thoughts: bool = False
    """True when thoughts can be requested although neither a level nor a budget is accepted."""
    takes_system: bool = True
    """True when a system instruction is accepted."""
    tools: tuple[BuiltInTool, ...] = _EVERY_TOOL
    """The built-in tools that are accepted."""
    takes_functions: bool = True
    """True when functions of the client are accepted."""
    takes_schema: bool = True
    """True when an answer can be asked for as JSON of a schema."""
    mixes: bool = True
    """True when functions go with built-in tools, and tools with a schema; then each search query is charged."""

    def thinking(self, effort: str) -> dict[str, Any] | None:
        """Return the `thinkingConfig` for `off`, `low`, `medium` or `high`; None when the model accepts none.

        `off` is the lowest setting of the family. Any other effort is the nearest level, the higher of two.
        """
        shown = {"includeThoughts": effort != "off"}
        if self.least_budget is not None:
            return {**shown, "thinkingBudget": _BUDGETS.get(effort, self.least_budget)}
        if self.levels:
            return {**shown, "thinkingLevel": self._level(effort)}
        return shown if self.shows_thoughts else None

    @property
    def thinks(self) -> bool:
        """True where an effort of thinking can be chosen."""
        return self.least_budget is not None or bool(self.levels)

    def _level(self, effort: str) -> str:
        if effort == "off":
            return self.levels[0]
        wanted = _LEVELS.index(effort.upper())
        return min(reversed(self.levels), key=lambda level: abs(_LEVELS.index(level) - wanted))


FAMILIES: Final = (
    ModelFamily(
        names=r"gemma-[123]", takes_system=False, tools=(), takes_functions=False, takes_schema=False, mixes=False
    ),
    ModelFamily(names=r"gemma", tools=("search",), mixes=False),
    ModelFamily(names=r"gemini-1|gemini-2\.0|learnlm", tools=("search", "code"), mixes=False),
    ModelFamily(
        names=r"gemini-2\.5-flash-image|.*-tts", tools=(), takes_functions=False, takes_schema=False, mixes=False
    ),
    ModelFamily(names=r"gemini-2\.5-pro", least_budget=128, mixes=False),
    ModelFamily(names=r"gemini-2\.5|gemini-robotics-er-1\.5", least_budget=0, mixes=False),
    ModelFamily(names=r"gemini-3\.1-flash-image", levels=("MINIMAL", "HIGH"), tools=("search",), takes_functions=False),
    ModelFamily(names=r".*-image", shows_thoughts=True, tools=("search",), takes_functions=False),
    ModelFamily(names=r"gemini-3-pro", levels=("LOW", "HIGH")),
    ModelFamily(names=r"gemini-3-flash|gemini-3\.1-flash-lite|gemini-3\.5-flash", levels=_LEVELS),
    ModelFamily(names=r".*", levels=("LOW", "MEDIUM", "HIGH")),
)
"""The first row that matches a name applies; the last matches every name."""


_unchecked = re.compile(r"gemini-[12]\b|gemma|learnlm")
"""Models that accept a call of their own without its signature, by the beginnings of their names."""


def checks_signatures(model: str) -> bool:
    """Return whether a model refuses a call that comes back without its signature."""
    return not _unchecked.match(model)


@lru_cache(256)
def family_of(model: str) -> ModelFamily:
    """Return the row of a model."""
    return next(family for family in FAMILIES if re.match(family.names, model))
