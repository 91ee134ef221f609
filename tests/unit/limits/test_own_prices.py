"""The operator's own prices: the grammar of PRICES, and the days from which a price counts."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from deltawire.gemini.events import Counts
from deltawire.limits.own_prices import OwnPrice, read_prices
from deltawire.limits.prices import Prices
from deltawire.protocol.usage_figures import Modalities

MILLION = 1_000_000
COUNTS = Counts(MILLION, MILLION, 0, 0, MILLION // 2, 2 * MILLION)


def price(model: str, since: date, *amounts: str) -> OwnPrice:
    dollars = [Decimal(amount) for amount in amounts]
    cached = dollars[2] if len(dollars) > 2 else None
    return OwnPrice(model=model, since=since, input=dollars[0], output=dollars[1], cached=cached)


def test_prices_are_read_with_and_without_a_day_and_the_newest_comes_first() -> None:
    assert read_prices("mine=0.30/2.50/0.03, other=0/0, mine@2027-01-01=0.2/2") == (
        price("mine", date(2027, 1, 1), "0.2", "2"),
        price("mine", date.min, "0.30", "2.50", "0.03"),
        price("other", date.min, "0", "0"),
    )


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "mine",
            "mine=",
            "mine=1",
            "mine=1/2/3/4/5/6",
            "mine=a/b",
            "mine=-1/2",
            "mine=1/inf",
            "mine=1/nan",
            "a b=1/2",
        ),
        *("mine@=1/2", "mine@soon=1/2", "mine=1/2,mine=2/3", "mine@2027-01-01=1/2,mine@2027-01-01=1/2", "mine=1/1e9"),
    ],
)
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_prices(text)


def test_sound_has_a_price_of_its_own_where_the_operator_sets_one() -> None:
    sound = Counts(
        MILLION, 0, 0, 0, 0, MILLION, modalities=Modalities(input={"text": MILLION // 4, "audio": 3 * MILLION // 4})
    )
    costs = [Prices(own=read_prices(text)).cost("mine", sound) for text in ("mine=1/2", "mine=1/2/0.1/5")]
    assert costs == [1, 4]


def test_searches_have_a_price_where_the_operator_or_the_list_has_one() -> None:
    one = Counts(0, 0, 0, 0, 0, 0, queries=1)
    prices = Prices(own=read_prices("mine=1/2,dear=1/2/1/1/9,gemini-3-pro-preview=1/2"), may_search=True)
    prices.load_now()
    assert [prices.cost(model, one) for model in ("mine", "dear", "gemini-3-pro-preview")] == [None, 0.009, 0.014]
    assert (prices.missing("mine"), prices.missing("dear")) == ("price of searches", None)
    assert prices.missing("gemma-3-27b-it") == "price"


def test_a_model_that_may_not_search_needs_no_price_of_searches() -> None:
    own = read_prices("mine=1/2,gemma-3-27b-it=1/2")
    assert Prices(own=own).missing("mine") is None
    assert Prices(own=own, may_search=True).missing("gemma-3-27b-it") is None


def cost_on(day: date, prices: str, model: str = "mine") -> float | None:
    now = datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC)
    return Prices(own=read_prices(prices), now=lambda: now).cost(model, COUNTS)


def test_a_price_counts_from_its_day_on() -> None:
    prices = "mine=1/2,mine@2027-01-01=10/20/4"
    assert cost_on(date(2026, 12, 31), prices) == 3
    assert cost_on(date(2027, 1, 1), prices) == 27
    assert cost_on(date(2026, 12, 31), "mine@2027-01-01=10/20") is None


def test_the_operators_price_comes_before_the_lists() -> None:
    listed = Prices()
    own = Prices(own=read_prices("gemini-2.5-pro=1/2"))
    for prices in (listed, own):
        prices.load_now()
    assert listed.cost("gemini-2.5-pro", COUNTS) not in (None, 3)
    assert own.cost("gemini-2.5-pro", COUNTS) == 3
    assert own.cost("gemini-2.5-flash", COUNTS) == listed.cost("gemini-2.5-flash", COUNTS)


def test_a_model_is_known_by_its_name_alone() -> None:
    prices = Prices(own=read_prices("mine=0/0"))
    assert prices.knows("mine")
    assert not prices.knows("gemini-2.5-pro"), "its list is not loaded"
    prices.load_now()
    assert prices.knows("gemini-2.5-pro")
    assert not prices.knows("unheard-of")
