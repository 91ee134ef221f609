"""The cost of tokens, by the operator's own prices, else by those of Google's models in the package genai-prices.

Only the package's data is used. Its own calculation takes a millisecond; a test compares ours with it.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import stamina
import structlog
from msgspec import UNSET
from msgspec.structs import replace

from deltawire.gemini.events import Counts
from deltawire.gemini.models import family_of
from deltawire.limits.own_prices import OwnPrice
from deltawire.limits.rates import Rates, cost_of, listed_rates, own_rates, rate_of
from deltawire.protocol.usage_figures import TOKEN_KINDS, UsageFigures

log = structlog.get_logger(__name__)

PROVIDER: Final = "google"
_MODELS: Final = 512
"""Models whose prices are cached."""
_ONE_TOKEN_EACH: Final = Counts(input=1, output=1, thought=0, tool=0, cached=0, total=2)
_ONE_SEARCH: Final = replace(_ONE_TOKEN_EACH, queries=1)

Finder = Callable[[str], Any]
"""Returns the `ModelInfo` of genai-prices for a model's name; None for a model that is not in the list."""

_until_success = stamina.AsyncRetryingCaller(timeout=None, attempts=None, wait_initial=1.0, wait_max=60.0).on(Exception)


def _now() -> datetime:
    return datetime.now(UTC)


class ModelPrices(NamedTuple):
    """The prices of a model, in dollars for a million tokens, and the length of its context; None where not known."""

    input_usd: float | None = None
    output_usd: float | None = None
    context_tokens: int | None = None


class Prices:
    """The price list, loaded in a thread while the server starts. Until then only the operator's prices are known."""

    def __init__(
        self,
        read: Callable[[], Finder] | None = None,
        own: tuple[OwnPrice, ...] = (),
        now: Callable[[], datetime] = _now,
        *,
        may_search: bool = False,
    ) -> None:
        """Start without a list; `read` reads it, in a thread. `own` are the operator's prices, the newest first.

        With `may_search` the models that can search may do so, and need a price of searches.
        """
        self._read = read or read_list
        self._now = now
        self._may_search = may_search
        self._own: dict[str, list[OwnPrice]] = {}
        for price in own:
            self._own.setdefault(price.model, []).append(price)
        self._find: Finder | None = None
        self._loading: asyncio.Task[None] | None = None
        self._is_tried = asyncio.Event()

    def load(self) -> None:
        """Start loading the list; retry until that succeeds."""
        self._loading = asyncio.get_running_loop().create_task(_until_success(self._load))

    async def ready(self) -> None:
        """Wait until the list is loaded or the first try has failed. Return at once where `load` was not called.

        A turn that begins before that would have no cost.
        """
        if self._find is None and self._loading is not None:
            await self._is_tried.wait()

    async def close(self) -> None:
        """Stop loading."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait({self._loading})

    def cost(self, model: str, counts: Counts) -> float | None:
        """Return the cost in dollars; None when the price or the counts are not known."""
        if counts.input is None or counts.output is None:
            return None
        try:
            searches = counts.queries if family_of(model).mixes else min(counts.queries, 1)
            return cost_of(self._rates(model), counts, searches)
        except Exception as fault:  # noqa: BLE001 - a fault in third-party data must not fail a turn
            log.warning("prices: a cost cannot be computed", model=model, cause=type(fault).__name__)
            return None

    @property
    def is_loaded(self) -> bool:
        """True once the list is there."""
        return self._find is not None

    def cost_of_tokens(self, figures: UsageFigures) -> float | None:
        """Return the cost of the tokens that were counted, without searches; None when their price is not known."""
        tokens = {kind: getattr(figures, f"{kind}_tokens") or 0 for kind in TOKEN_KINDS}
        modalities = None if figures.modalities is UNSET else figures.modalities
        return self.cost(figures.model, Counts(**tokens, modalities=modalities))

    def knows(self, model: str) -> bool:
        """Return whether the tokens of this model have a price now."""
        return self.cost(model, _ONE_TOKEN_EACH) is not None

    def missing(self, model: str) -> str | None:
        """Return the name of a price that this model needs and that is not known now; None where all are known."""
        if not self.knows(model):
            return "price"
        searches = self._may_search and "search" in family_of(model).tools
        return "price of searches" if searches and self.cost(model, _ONE_SEARCH) is None else None

    def of_model(self, model: str) -> ModelPrices:
        """Return the prices of a model, and the length of its context."""
        try:
            rates = self._rates(model)
            found = None if self._find is None else self._find(model)
            window = getattr(found, "context_window", None)
            if rates is None:
                return ModelPrices(context_tokens=window)
            return ModelPrices(_dollars(rates.input), _dollars(rates.output), window)
        except Exception as fault:  # noqa: BLE001 - a fault in third-party data must not fail a request
            log.warning("prices: a price cannot be read", model=model, cause=type(fault).__name__)
            return ModelPrices()

    def load_now(self) -> None:
        """Load the list and wait for it; raise any exception of the loading."""
        self._find = self._read()

    def _rates(self, model: str) -> Rates | None:
        for own in self._own.get(model, ()):
            if own.since <= self._now().date():
                listed = self._listed(model)
                return own_rates(own, None if listed is None else listed.search)
        return self._listed(model)

    def _listed(self, model: str) -> Rates | None:
        found = None if self._find is None else self._find(model)
        return None if found is None else listed_rates(found.get_prices(self._now()))

    async def _load(self) -> None:
        try:
            self._find = await asyncio.to_thread(self._read)
        except Exception as fault:
            log.warning("prices: the list cannot be loaded, costs are unknown", cause=type(fault).__name__)
            raise
        finally:
            self._is_tried.set()


def _dollars(rate: Any) -> float | None:
    """Return a price of the list, that of the lowest tier; None where it is not known."""
    return None if rate is None else float(rate_of(rate, 0))


def read_list() -> Finder:
    """Read the list; it takes a second."""
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - slow, so loaded in a thread: see `Prices`

    snapshot = get_snapshot()

    @lru_cache(_MODELS)
    def find(model: str) -> Any:
        try:
            return snapshot.find_provider_model(model, None, PROVIDER, None)[1]
        except LookupError:
            return None

    find(PROVIDER)  # the first search is slow, so it is done here, in the thread
    return find
