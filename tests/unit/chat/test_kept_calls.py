"""The model's parts of steps with calls: an hour, and no more than their bounds."""

from deltawire.chat.kept_calls.in_memory import MemorySteps
from deltawire.chat.kept_calls.store import KEPT_SECONDS, MAX_BYTES_PER_CALLER, MAX_STEPS_PER_CALLER


async def test_parts_are_their_callers_and_kept_for_an_hour() -> None:
    now = 0.0
    store = MemorySteps(lambda: now)
    await store.keep("ann", "t1", b"[1]")
    assert await store.find("ann", ["t1", "t2"]) == {"t1": b"[1]"}
    assert await store.find("bob", ["t1"]) == {}
    now = KEPT_SECONDS
    assert await store.find("ann", ["t1"]) == {}


async def test_the_oldest_steps_of_a_caller_make_room() -> None:
    store = MemorySteps()
    for number in range(MAX_STEPS_PER_CALLER + 1):
        await store.keep("ann", f"t{number}", b"[]")
    assert set(await store.find("ann", ["t0", "t1"])) == {"t1"}
    await store.keep("bob", "kept", b"[]")
    large = b"x" * (MAX_BYTES_PER_CALLER // 2 - 1_000)
    for number in range(3):
        await store.keep("ann", f"large{number}", large)
    found = await store.find("ann", ["t1", *(f"large{number}" for number in range(3))])
    assert set(found) == {"large1", "large2"}
    await store.keep("ann", "huge", b"x" * (MAX_BYTES_PER_CALLER + 1))
    assert set(await store.find("bob", ["kept"])) == {"kept"}
    assert await store.find("ann", ["huge"]) == {}


async def test_the_caller_who_has_most_makes_room_for_the_others() -> None:
    store = MemorySteps()
    half = b"x" * (MAX_BYTES_PER_CALLER // 2 - 1_000)
    for caller in "abcd":
        await store.keep(caller, "first", half)
        await store.keep(caller, "second", half)
    await store.keep("e", "first", half)
    kept = [len(await store.find(caller, ["first", "second"])) for caller in "abcde"]
    assert (sum(kept), kept[-1]) == (8, 1)
