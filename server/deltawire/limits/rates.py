"""The prices of one model at one moment, and the cost of token counts by them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from msgspec import UNSET

from deltawire.gemini.events import Counts
from deltawire.limits.own_prices import OwnPrice
from deltawire.protocol.usage_figures import Modalities

_THOUSAND: Final = 1_000
_MILLION: Final = 1_000_000
_PRICED: Final = ("audio", "image", "video")
"""The modalities that may have a price of their own; a page of a document costs what text costs."""


class Rates(NamedTuple):
    """The prices, in dollars for a million tokens.

    Each is a `Decimal`, a `TieredPrices` of genai-prices, or None where it is not known.
    """

    input: Any
    cached: Any
    output: Any
    search: Any = None
    """The price of a thousand search queries, in dollars."""
    listed: Any = None
    """The `ModelPrice` of genai-prices; the prices by modality are read from it when they are needed."""
    audio: Any = None
    """The operator's price of sound in the input."""

    @property
    def input_of(self) -> Mapping[str, Any]:
        """The prices of input by modality, for the modalities that do not cost what text costs."""
        return self._of("input_{}_mtok") if self.audio is None else {"audio": self.audio}

    @property
    def cached_of(self) -> Mapping[str, Any]:
        """The prices of cached input by modality, for the modalities that do not cost what text costs."""
        return self._of("cache_{}_read_mtok")

    @property
    def output_of(self) -> Mapping[str, Any]:
        """The prices of output by modality, for the modalities that do not cost what text costs."""
        return self._of("output_{}_mtok")

    def _of(self, pattern: str) -> dict[str, Any]:
        rates = {name: getattr(self.listed, pattern.format(name), None) for name in _PRICED}
        return {name: rate for name, rate in rates.items() if rate is not None}


def listed_rates(price: Any) -> Rates:
    """Return the prices of a `ModelPrice` of genai-prices."""
    return Rates(price.input_mtok, price.cache_read_mtok, price.output_mtok, price.web_searches_kcount, price)


def own_rates(own: OwnPrice, listed_search: Any) -> Rates:
    """Return the prices that the operator set, with the list price of searches where they set none."""
    search = listed_search if own.search is None else own.search
    return Rates(own.input, own.cached, own.output, search, audio=own.audio)


def cost_of(rates: Rates | None, counts: Counts, searches: int) -> float | None:
    """Return the cost in dollars; None when a price that it needs is not known.

    `counts` has known input and output tokens, and `searches` is the number of search queries that are billed.
    """
    if rates is None or (searches and rates.search is None):
        return None
    input_tokens = (counts.input or 0) + (counts.tool or 0)
    output = (counts.output or 0) + (counts.thought or 0)
    cached = min(counts.cached or 0, counts.input or 0)
    if rates.cached is None:
        cached = 0
    if counts.modalities is None:
        parts = [(rates.input, input_tokens - cached), (rates.cached, cached), (rates.output, output)]
    else:
        parts = [
            *_input_parts(rates, input_tokens, cached, counts.modalities),
            *_output_parts(rates, output, counts.modalities),
        ]
    if any(rate is None and tokens for rate, tokens in parts):
        return None
    dollars = sum((rate_of(rate, input_tokens) * tokens for rate, tokens in parts if tokens), Decimal()) / _MILLION
    return float(dollars + rate_of(rates.search, input_tokens) * searches / _THOUSAND if searches else dollars)


def _input_parts(rates: Rates, input_tokens: int, cached: int, modalities: Modalities) -> list[tuple[Any, int]]:
    """Return pairs of a price and the input tokens at this price.

    Where the provider does not say of which modality the cached tokens are, they count as text, as far as there are
    text tokens: the cache holds the beginning of a request, which is mostly text.
    """
    input_of, cached_of = rates.input_of, rates.cached_of
    split = {name: _tokens(modalities.input, name) + _tokens(modalities.tool, name) for name in input_of}
    text = input_tokens - sum(split.values())
    from_cache = {name: min(_tokens(modalities.cached, name), split[name], cached) for name in split}
    cached_text = min(cached - sum(from_cache.values()), text)
    unassigned = cached - cached_text - sum(from_cache.values())
    parts = [(rates.input, text - cached_text), (rates.cached, cached_text)]
    for name, tokens in split.items():
        more = min(unassigned, tokens - from_cache[name])
        unassigned -= more
        cached_tokens = from_cache[name] + more
        parts += [(input_of[name], tokens - cached_tokens), (cached_of.get(name, rates.cached), cached_tokens)]
    return parts


def _output_parts(rates: Rates, output: int, modalities: Modalities) -> list[tuple[Any, int]]:
    """Return pairs of a price and the output tokens at this price."""
    output_of = rates.output_of
    split = {name: _tokens(modalities.output, name) for name in output_of}
    return [(rates.output, output - sum(split.values())), *((output_of[name], split[name]) for name in split)]


def _tokens(split: Any, name: str) -> int:
    tokens: int = 0 if split is UNSET else split.get(name, 0)
    return tokens


def rate_of(rate: Any, input_tokens: int) -> Decimal:
    """Return the price in a turn with `input_tokens` input tokens: of several tiers, the highest that it reaches."""
    if isinstance(rate, Decimal):
        return rate
    base: Decimal = rate.base
    for tier in rate.tiers:
        if input_tokens > tier.start:
            base = tier.price
    return base
