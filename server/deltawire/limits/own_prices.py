"""The prices that the operator sets, and the grammar of the setting that holds them.

    MODEL=INPUT/OUTPUT, then /CACHED, /AUDIO and /SEARCH as far as they are set; MODEL@YYYY-MM-DD=...

Each amount is in dollars for a million tokens, that of SEARCH for a thousand searches. A price with a day counts from
that day on, in UTC.
"""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from deltawire.protocol.chat_request import MODEL_NAME

MAX_DOLLARS: Final = 1_000_000
_model_name = re.compile(MODEL_NAME)


class OwnPrice(msgspec.Struct, frozen=True, kw_only=True):
    """The price of one model, in dollars for a million tokens."""

    model: str
    since: date
    """The first day of this price; `date.min` for a price without a day."""
    input: Decimal
    output: Decimal
    cached: Decimal | None
    """None where cached tokens cost what other input costs."""
    audio: Decimal | None = None
    """The price of sound in the input; None where it costs what other input costs."""
    search: Decimal | None = None
    """The price of a thousand searches; None for that of the list."""


def read_prices(text: str) -> tuple[OwnPrice, ...]:
    """Read a setting such as `mine=0.30/2.50/0.03,mine@2027-01-01=0.20/2`, the newest price first. Raise ValueError."""
    prices: dict[tuple[str, date], OwnPrice] = {}
    for part in text.split(","):
        price = _read_price(part.strip())
        if (price.model, price.since) in prices:
            raise ValueError("two prices of one model for the same days")
        prices[price.model, price.since] = price
    return tuple(sorted(prices.values(), key=lambda price: price.since, reverse=True))


def _read_price(text: str) -> OwnPrice:
    name, _, amounts = text.partition("=")
    model, at, day = name.strip().partition("@")
    if not _model_name.match(model):
        raise ValueError("that is not a model name")
    dollars, *more = (_dollars(amount) for amount in amounts.split("/"))
    if len(more) not in (1, 2, 3, 4):
        raise ValueError("a price has two to five amounts")
    since = date.fromisoformat(day) if at else date.min
    cached, audio, search = [*more[1:], None, None, None][:3]
    return OwnPrice(model=model, since=since, input=dollars, output=more[0], cached=cached, audio=audio, search=search)


def _dollars(text: str) -> Decimal:
    try:
        dollars = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError("that is not an amount") from None
    if not (dollars.is_finite() and 0 <= dollars <= MAX_DOLLARS):
        raise ValueError("an amount is 0 or more and has a bound")
    return dollars
