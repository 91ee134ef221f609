"""The registration of a chat with grace, by which other processes find its run."""

import asyncio

from support.fake_runs import CALLER, Scene, settled
from support.fake_turn import Gate
from support.fake_upstream import FakeUpstream
from support.memory_runs import MemoryRunStore


class SlowStore(MemoryRunStore):
    """A store whose answer to a registration waits."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = Gate(is_open=False)

    async def claim(self, chat: str, run: str, seconds: float) -> str:
        known = await super().claim(chat, run, seconds)
        await self.answers.passes()
        return known


async def test_a_client_that_leaves_while_its_chat_is_registered_leaves_no_registration() -> None:
    store = SlowStore()
    scene = Scene(FakeUpstream(), store=store)
    asking = asyncio.create_task(scene.runs.start(scene.request, [], CALLER, None))  # type: ignore[arg-type]
    await store.answers.reached.wait()
    assert len(store.chats) == 1
    asking.cancel()
    await asyncio.wait({asking})
    await settled()
    assert store.chats == {}
    assert scene.turns == []
    await scene.runs.close()
