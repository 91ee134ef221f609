"""The rules that limit each caller, and the grammar of the settings that hold them."""

import math
import re
from typing import Final

import msgspec

from deltawire.protocol.chat_request import MODEL_NAME

MAX_AMOUNT: Final = 2**53
_model_name = re.compile(MODEL_NAME)


class Rule(msgspec.Struct, frozen=True):
    """An amount for each caller: for one model, or for all together where `model` is None."""

    model: str | None
    amount: float


Allowance = tuple[Rule, ...]
"""The rules of one setting. An empty tuple means no limit."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """All rules, by the setting that holds them."""

    turns_per_minute: Allowance = ()
    turns_at_once: Allowance = ()
    tokens_per_day: Allowance = ()
    usd_per_day: Allowance = ()

    @property
    def by_name(self) -> dict[str, Allowance]:
        """The settings that hold rules, by their names."""
        return {name: rules for name in self.__struct_fields__ if (rules := getattr(self, name))}

    @property
    def models(self) -> set[str]:
        """The models that have rules of their own."""
        return {rule.model for rules in self.by_name.values() for rule in rules if rule.model is not None}


def read_counts(text: str) -> Allowance:
    """Read the rules of a setting with whole numbers. Raise ValueError."""
    rules = read_amounts(text)
    if any(not rule.amount.is_integer() for rule in rules):
        raise ValueError("an amount is a whole number")
    return rules


def read_amounts(text: str) -> Allowance:
    """Read the rules of a setting such as `30,gemini-pro=5`: for all models, and for one. Raise ValueError."""
    amounts: dict[str | None, float] = {}
    for part in text.split(","):
        name, equals, written = part.rpartition("=")
        model, amount = name.strip() if equals else None, float(written)
        if model is not None and not _model_name.match(model):
            raise ValueError("that is not a model name")
        if model in amounts:
            raise ValueError("two amounts for one model, or for all")
        if not (0 < amount <= MAX_AMOUNT and math.isfinite(amount)):
            raise ValueError("an amount is more than 0 and has a bound")
        amounts[model] = amount
    return tuple(Rule(model, amount) for model, amount in amounts.items())


def limits_dollars(rules: Rules, model: str) -> bool:
    """Return whether the dollars of this model are limited."""
    return bool(applicable(rules.usd_per_day, model))


def applicable(rules: Allowance, model: str) -> Allowance:
    """Return the rules that apply to a turn of this model."""
    return tuple(rule for rule in rules if rule.model in (None, model))
