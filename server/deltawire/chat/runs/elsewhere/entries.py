"""The entries in the store by which other processes find the runs of this one: by their caller, and by their chat."""

from collections.abc import Mapping
from typing import Final

from deltawire.chat.runs import names
from deltawire.chat.runs.elsewhere.messages import unreachable
from deltawire.chat.runs.elsewhere.store import RunStore, has_died
from deltawire.chat.runs.run import Run
from deltawire.limits.backend import StoreAway, key_of

_CLAIM_SECONDS: Final = 3_600
"""The longest life of the registration of a chat whose process has died."""


class RunEntries:
    """The entries of one process, which are written again after the store was away, or has lost them."""

    def __init__(self, store: RunStore, runs: Mapping[str, Run]) -> None:
        """`runs` are those of this process, by their names."""
        self._store = store
        self._runs = runs
        self._are_missing = False
        self._is_restoring = False

    async def add(self, run: Run) -> None:
        """List a run, so that other processes find it; while the store is away, it is listed later."""
        try:
            await self._enlist(run)
        except StoreAway:
            self._are_missing = True

    async def remove(self, run: Run) -> None:
        """Remove the entries of a run. Raise `StoreAway`."""
        await self._store.delist(key_of(run.facts.caller), [run.name])
        if run.facts.key is not None:
            await self._store.release(run.facts.key, run.name)

    async def restore(self, *, had_lease: bool) -> None:
        """Write again what the store may lack; `had_lease` is false where it has lost the lease. Raise `StoreAway`."""
        self._are_missing |= not had_lease
        if self._are_missing and not self._is_restoring:
            self._are_missing, self._is_restoring = False, True
            try:
                await self._write_all()
            except StoreAway:
                self._are_missing = True
                raise
            finally:
                self._is_restoring = False

    async def claim(self, chat: str, run: str) -> str:
        """Register a new run of a chat; return the run that the chat has already, else this one.

        While the store is away, a chat that is sent again elsewhere is not recognised. Raise `Failure`
        (`store_unavailable`) when the chat has a run already, and nobody knows whether its process lives.
        """
        try:
            known = await self._store.claim(chat, run, _CLAIM_SECONDS)
        except StoreAway:
            return run
        try:
            if known != run and await has_died(self._store, names.process_of(known)):
                await self._store.release(chat, known)
                known = await self._store.claim(chat, run, _CLAIM_SECONDS)
        except StoreAway:
            raise unreachable() from None
        return known

    async def _write_all(self) -> None:
        for run in list(self._runs.values()):
            await self._enlist(run)
            if run.facts.key is not None and not run.is_forgotten:
                await self._store.claim(run.facts.key, run.name, _CLAIM_SECONDS)
                if run.is_forgotten:  # meanwhile
                    await self.remove(run)

    async def _enlist(self, run: Run) -> None:
        await self._store.enlist(key_of(run.facts.caller), run.name, run.conversation or "")
        if run.is_forgotten:  # meanwhile
            await self.remove(run)
