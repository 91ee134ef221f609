"""A budget that is shared: the order, the half that is left to others, and waits that are given up."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from deltawire.aio.budget import Budget


class Holders:
    """Tasks that hold amounts of one budget until they are told to release them."""

    def __init__(self, amount: int) -> None:
        self.budget = Budget(amount)
        self.holding: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.ends: dict[str, asyncio.Event] = {}

    async def start(self, *names: str, amount: int = 10) -> None:
        """Let tasks ask; the first letter of a name is its owner, `-` is nobody."""
        for name in names:
            self.ends[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._hold(name, amount))
            await self.settle()

    async def end(self, *names: str) -> None:
        for name in names:
            self.ends[name].set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def _hold(self, name: str, amount: int) -> None:
        async with self.budget.of(amount, name[0].strip("-")):
            self.holding.append(name)
            await self.ends[name].wait()
        self.holding.remove(name)


@pytest.mark.parametrize(
    "asking, holding",
    [
        (["a1", "b1", "c1", "d1", "e1"], ["a1", "b1", "c1", "d1"]),
        (["a1", "a2", "a3"], ["a1", "a2"]),
        (["a1", "a2", "b1", "b2"], ["a1", "a2", "b1"]),
        (["a1", "a2", "b1", "b2", "c1"], ["a1", "a2", "b1", "c1"]),
        (["-1", "-2", "-3", "-4", "-5"], ["-1", "-2", "-3", "-4"]),
    ],
)
async def test_half_is_left_to_those_who_hold_nothing(asking: Sequence[str], holding: Sequence[str]) -> None:
    holders = Holders(40)
    await holders.start(*asking)
    assert holders.holding == holding
    await holders.end(*asking)
    assert holders.holding == []


async def test_who_waits_gets_it_in_order_and_a_large_one_is_not_overtaken() -> None:
    holders = Holders(40)
    await holders.start("a1", "b1", "c1")
    await holders.start("d1", amount=20)
    await holders.start("e1")
    assert holders.holding == ["a1", "b1", "c1"]
    await holders.end("a1")
    assert holders.holding == ["b1", "c1", "d1"]
    await holders.end("b1")
    assert holders.holding == ["c1", "d1", "e1"]


async def test_an_owner_who_has_let_go_is_one_who_holds_nothing() -> None:
    holders = Holders(40)
    await holders.start("a1", "a2", "b1", "a3")
    await holders.end("a1", "a2")
    assert holders.holding == ["b1", "a3"]


async def test_more_than_there_is_takes_all_of_it() -> None:
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        await stack.enter_async_context(Budget(40).of(100, "a"))


async def test_a_wait_that_is_given_up_takes_nothing() -> None:
    holders = Holders(40)
    await holders.start("a1", amount=40)
    await holders.start("b1", amount=40)
    await holders.start("c1")
    holders.tasks["b1"].cancel()
    await holders.end("a1")
    assert holders.holding == ["c1"]
    await holders.start("d1", amount=30)
    assert holders.holding == ["c1", "d1"]
