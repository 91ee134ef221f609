"""The time at which a refused client may come back: not together with all the others."""

import heapq

from deltawire.limits.refusals import too_many_a_minute, too_many_at_once
from deltawire.limits.rules import Rule
from deltawire.protocol.errors import Failure

CLIENTS = 60
PLACES = 4
TURN_SECONDS = 0.25


def retry_after(failure: Failure) -> float:
    assert failure.retry_after is not None
    return failure.retry_after


def seconds_until_the_last_is_in(refusal: Failure | None) -> float:
    """Let clients ask at the same moment that obey every refusal; the time is simulated.

    Each gets this refusal, or one of its own when none is given.
    """
    asks = [(0.0, client) for client in range(CLIENTS)]
    ends: list[float] = []
    began = 0.0
    while asks:
        now, client = heapq.heappop(asks)
        while ends and ends[0] <= now:
            heapq.heappop(ends)
        if len(ends) < PLACES:
            heapq.heappush(ends, now + TURN_SECONDS)
            began = now
        else:
            heapq.heappush(asks, (now + retry_after(refusal or too_many_at_once(Rule(None, PLACES))), client))
    return began


def test_of_sixty_clients_that_obey_the_last_one_gets_in_within_a_few_seconds() -> None:
    assert CLIENTS / PLACES * TURN_SECONDS < 4, "the places are enough"
    for _ in range(20):
        assert seconds_until_the_last_is_in(None) < 8
    same_for_all = Failure("rate_limited", retry_after=1.0)
    assert seconds_until_the_last_is_in(same_for_all) >= 14, "so it was when all came back together"


def test_a_minute_is_told_with_a_spread_and_never_too_short_or_too_long() -> None:
    rule = Rule(None, 5)
    waits = [retry_after(too_many_a_minute(rule, 7.0)) for _ in range(50)]
    assert len(set(waits)) > 10
    assert 7 <= min(waits) <= max(waits) <= 8
    assert all(59.9 <= retry_after(too_many_a_minute(rule, 59.9)) <= 60 for _ in range(50))
