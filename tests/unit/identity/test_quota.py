"""The shares of callers."""

import pytest

from deltawire.identity.quota import Holding, Quota
from deltawire.protocol.errors import Failure


def test_a_caller_takes_their_share_and_no_more_and_others_still_have_theirs() -> None:
    shares = Quota("turns", "MAX_TURNS", total=4, each=3)
    for _ in range(3):
        shares.take("alice")
    with pytest.raises(Failure, match="rate_limited") as refused:
        shares.take("alice")
    assert refused.value.message == "One caller may hold at most 3 turns; see MAX_TURNS_PER_CALLER."
    shares.take("bob")
    with pytest.raises(Failure, match="overloaded"):
        shares.take("bob")
    shares.release("alice")
    shares.take("bob")


def test_a_share_is_never_more_than_all() -> None:
    shares = Quota("turns", "MAX_TURNS", total=1, each=100)
    shares.take("alice")
    with pytest.raises(Failure, match="overloaded"):
        shares.take("alice")


def test_what_is_held_grows_shrinks_and_is_refused_whole() -> None:
    shares = Quota("bytes", "MAX_MEMORY_BYTES", total=10, each=10)
    holding = Holding(shares, "alice")
    holding.add(6)
    with pytest.raises(Failure, match="overloaded"):
        holding.add(5)
    assert holding.amount == 6
    holding.set_amount(2)
    shares.take("bob", 8)
    holding.set_amount(0)
    with pytest.raises(Failure, match="overloaded"):
        shares.take("bob", 3)
    shares.take("bob", 2)
