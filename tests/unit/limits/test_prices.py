"""The cost of tokens, compared with genai-prices' own sum."""

import asyncio
from datetime import UTC, datetime

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import UNSET

from deltawire.gemini.events import UNKNOWN_COUNTS, Counts
from deltawire.limits.prices import PROVIDER, Finder, Prices, read_list
from deltawire.protocol.usage_figures import Modalities

[GOOGLE] = (provider for provider in get_snapshot().providers if provider.id == PROVIDER)
PRICES = {model.id: model.get_prices(datetime.now(UTC)) for model in GOOGLE.models}
MODELS = [name for name, price in PRICES.items() if price.input_mtok is not None and price.output_mtok is not None]
"""The models whose tokens have a price."""
tokens = st.one_of(st.integers(0, 1000), st.integers(190_000, 300_000), st.integers(0, 10**7))


@pytest.fixture(scope="session")
async def prices() -> Prices:
    prices = Prices()
    prices.load()
    await prices.ready()
    return prices


@given(model=st.sampled_from(MODELS), numbers=st.tuples(tokens, tokens, tokens, tokens, tokens))
def test_the_sum_is_that_of_the_library(prices: Prices, model: str, numbers: tuple[int, int, int, int, int]) -> None:
    prompt, tool, output, thought, cached = numbers
    cached = min(cached, prompt)
    cost = prices.cost(model, Counts(prompt, output, thought, tool, cached, prompt + tool + output + thought))
    usage = Usage(input_tokens=prompt + tool, output_tokens=output + thought, cache_read_tokens=cached)
    theirs = calc_price(usage, model, provider_id=PROVIDER).total_price
    assert cost == pytest.approx(float(theirs), rel=1e-12, abs=1e-12)


MODALITIES = ("audio", "image", "video")


@given(model=st.sampled_from(MODELS), data=st.data())
def test_the_sum_by_modality_is_that_of_the_library(prices: Prices, model: str, data: st.DataObject) -> None:
    counts_of_kinds = st.fixed_dictionaries(dict.fromkeys(MODALITIES, tokens))
    drawn = [data.draw(counts_of_kinds) for _ in range(2)]
    prompt, output, thought = (data.draw(tokens) for _ in range(3))
    cached_audio = data.draw(st.integers(0, drawn[0]["audio"]))
    cached_text = data.draw(st.integers(0, prompt))
    read, written = prompt + sum(drawn[0].values()), output + sum(drawn[1].values())
    modalities = Modalities(
        input={"text": prompt, **drawn[0]},
        output={"text": output, **drawn[1]},
        cached={"text": cached_text, "audio": cached_audio},
    )
    counts = Counts(
        read, written, thought, 0, cached_text + cached_audio, read + written + thought, modalities=modalities
    )
    cost = prices.cost(model, counts)
    rates = prices._rates(model)
    assert rates is not None
    assume(not (rates.input_of and "audio" not in rates.cached_of and cached_audio))
    usage = Usage(
        input_tokens=read,
        output_tokens=written + thought,
        cache_read_tokens=cached_text + cached_audio,
        cache_audio_read_tokens=cached_audio,
        **{f"input_{name}_tokens": drawn[0][name] for name in MODALITIES},
        **{f"output_{name}_tokens": drawn[1][name] for name in MODALITIES},
    )
    theirs = calc_price(usage, model, provider_id=PROVIDER).total_price
    assert cost == pytest.approx(float(theirs), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    "cached, dollars",
    [
        (None, 0.3 * 0.2 + 1.0 * 0.5 + 0.03 * 0.3),  # text is cached first
        ({"text": 200_000, "audio": 100_000}, 0.3 * 0.3 + 1.0 * 0.4 + 0.03 * 0.2 + 0.1 * 0.1),
    ],
)
def test_a_sound_costs_more_than_text(prices: Prices, cached: dict[str, int] | None, dollars: float) -> None:
    modalities = Modalities(input={"text": 500_000, "audio": 500_000}, cached=UNSET if cached is None else cached)
    counts = Counts(10**6, 0, 0, 0, 300_000, 10**6, modalities=modalities)
    assert prices.cost("gemini-2.5-flash", counts) == pytest.approx(dollars)


def test_every_model_that_writes_text_has_a_price(prices: Prices) -> None:
    unpriced = {model for model in MODELS if prices.cost(model, Counts(10, 10, 0, 0, 0, 20)) is None}
    assert len(unpriced) < 20
    assert not any(model.startswith("gemini") and "embedding" not in model for model in unpriced)


@pytest.mark.parametrize("model", ["gemini-flash-latest", "gemini-2.5-pro", "gemini-3-pro-preview"])
def test_thoughts_are_billed_as_output_and_tools_as_input(prices: Prices, model: str) -> None:
    assert prices.cost(model, Counts(100, 30, 20, 10, 0, 160)) == prices.cost(model, Counts(110, 50, 0, 0, 0, 160))


def test_what_is_cached_costs_less(prices: Prices) -> None:
    dear, cheap = (prices.cost("gemini-2.5-pro", Counts(1000, 1, 0, 0, cached, 1001)) for cached in (0, 900))
    assert dear is not None
    assert cheap is not None
    assert cheap < dear


@pytest.mark.parametrize("model", ["offline", "unheard-of", "gpt-4o"])
def test_the_price_of_another_model_is_not_known(prices: Prices, model: str) -> None:
    assert prices.cost(model, Counts(10, 10, 0, 0, 0, 20)) is None


def test_the_price_of_tokens_that_were_not_counted_is_not_known(prices: Prices) -> None:
    assert prices.cost("gemini-2.5-pro", UNKNOWN_COUNTS) is None
    assert prices.cost("gemini-2.5-pro", Counts(input=10)) is None


def test_no_price_is_known_before_the_list_is_loaded() -> None:
    assert Prices().cost("gemini-2.5-pro", Counts(10, 10, 0, 0, 0, 20)) is None


COUNTS = Counts(10, 10, 0, 0, 0, 20)


class Broken:
    """A reader of the list that fails for the first time, as an import without descriptors does."""

    def __init__(self) -> None:
        self.reads = 0

    def __call__(self) -> Finder:
        self.reads += 1
        if self.reads == 1:
            raise OSError(24, "Too many open files")
        return read_list()


async def test_a_list_that_could_not_be_loaded_is_loaded_later() -> None:
    prices = Prices(Broken())
    prices.load()
    await prices.ready()
    assert prices.cost("gemini-2.5-pro", COUNTS) is None
    async with asyncio.timeout(20):
        while prices.cost("gemini-2.5-pro", COUNTS) is None:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    await prices.close()


async def test_a_list_that_cannot_be_loaded_keeps_nobody_waiting_or_from_stopping() -> None:
    prices = Prices(lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    prices.load()
    async with asyncio.timeout(20):
        await prices.ready()
        await prices.ready()
        await prices.close()


async def test_a_price_that_cannot_be_told_is_not_known() -> None:
    prices = Prices(lambda: lambda _: object())
    prices.load()
    await prices.ready()
    assert prices.cost("gemini-2.5-pro", COUNTS) is None
    await prices.close()
