"""What tokens cost: the prices that genai-prices brings along, of Google's models.

Only its data is used. Its own sum takes a millisecond, most of it spent on audio, images and searches that are not
counted here; a test holds ours against it.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from deltawire.gemini.events import Counts

PROVIDER: Final = "google"
_MILLION: Final = 1_000_000
_MODELS: Final = 512
"""Whose prices are remembered."""

Finder = Callable[[str], Any]


class Prices:
    """The price list; unknown until it is loaded, which takes a moment and is done beside the start."""

    def __init__(self) -> None:
        """Start without one."""
        self._find: Finder | None = None
        self._loading: asyncio.Task[None] | None = None

    def load(self) -> None:
        """Begin to load it."""
        self._loading = asyncio.get_running_loop().create_task(self._load())

    async def ready(self) -> None:
        """Wait until it is loaded, if it was begun."""
        if self._find is None and self._loading is not None:
            await asyncio.shield(self._loading)

    def cost(self, model: str, counts: Counts) -> float | None:
        """Dollars; None when the price or the counts are not known."""
        if self._find is None or counts.input is None or counts.output is None:
            return None
        found = self._find(model)
        if found is None:
            return None
        price = found.get_prices(datetime.now(UTC))
        asked = counts.input + (counts.tool or 0)
        cached = min(counts.cached or 0, counts.input)
        if price.cache_read_mtok is None:
            cached = 0
        parts = (
            (price.input_mtok, asked - cached),
            (price.cache_read_mtok, cached),
            (price.output_mtok, counts.output + (counts.thought or 0)),
        )
        if any(rate is None and tokens for rate, tokens in parts):
            return None
        return float(sum(_rate(rate, asked) * tokens for rate, tokens in parts if tokens) / _MILLION)

    async def _load(self) -> None:
        self._find = await asyncio.to_thread(_load)


def _rate(rate: Any, asked: int) -> Decimal:
    """Dollars a million tokens, when so many are asked with."""
    if isinstance(rate, Decimal):
        return rate
    base: Decimal = rate.base
    for tier in rate.tiers:
        if asked > tier.start:
            base = tier.price
    return base


def _load() -> Finder:
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - it takes a while: see `Prices.load`

    snapshot = get_snapshot()

    @lru_cache(_MODELS)
    def find(model: str) -> Any:
        try:
            return snapshot.find_provider_model(model, None, PROVIDER, None)[1]
        except LookupError:
            return None

    find(PROVIDER)
    return find
