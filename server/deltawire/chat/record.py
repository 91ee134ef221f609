"""The record of one turn: its charge to the caller, its row in the history of usage, its messages in a conversation."""

import msgspec

from deltawire.aio.background import finished
from deltawire.chat.request import TurnRequest
from deltawire.conversations.transcript import Transcript
from deltawire.conversations.usage_history import UsageHistory
from deltawire.limits.ledger import Ledger
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ErrorFrame, Usage


class TurnRecord:
    """A turn's ledger, its row in the history of usage, and its transcript when it belongs to a conversation."""

    def __init__(
        self, caller: str, ledger: Ledger, transcript: Transcript | None, usage: UsageHistory | None = None
    ) -> None:
        """Prepare; nothing is counted, read or written before `begin`. `caller` is named in the history of usage."""
        self.ledger = ledger
        self.transcript = transcript
        self.caller = caller
        """The name of its caller."""
        self._usage = usage

    @property
    def is_kept(self) -> bool:
        """True once the question is stored."""
        return self.question is not None

    @property
    def question(self) -> str | None:
        """The id of the stored question; None before it is stored, and where there is no conversation."""
        return None if self.transcript is None else self.transcript.question

    @property
    def may_refuse(self) -> bool:
        """True where `begin` may refuse the turn."""
        return self.transcript is not None or self.ledger.may_refuse

    async def begin(self, request: TurnRequest) -> TurnRequest:
        """Check the limits, then store the question; return the request with its context. Raise `Failure`.

        A turn that is refused by a limit writes nothing, and counts nowhere. A turn whose question cannot be stored was
        admitted, and counts as a turn without tokens.
        """
        transcript = self.transcript
        if transcript is None:
            await self.ledger.begin(*request.models)
            return request
        models = request.models
        if self.ledger.goes_by_model:
            models = await transcript.models(request.request)
        await self.ledger.begin(*models)
        try:
            context = await transcript.begin(request.request)
        except Failure:
            released = self.ledger.close(request.models[0])
            if released is not None:  # else the caller's next turn, after this refusal, could find its place taken
                await finished(released)
            raise
        return msgspec.structs.replace(request, request=context.request, history=context.history, models=context.models)

    async def end(self, end: Usage | ErrorFrame, model: str) -> Usage | ErrorFrame:
        """Charge the turn and store its answer; return the last frame with the ids of what is stored.

        `model` is the one that was asked last. Raise `Failure`.
        """
        self._keep_usage(end, model)
        charging = self.ledger.end(end, model)
        try:
            return end if self.transcript is None else await self.transcript.end(end)
        finally:
            await finished(charging)

    def named(self, end: Usage | ErrorFrame) -> Usage | ErrorFrame:
        """Return the last frame with the ids of what is stored."""
        return end if self.transcript is None else self.transcript.named(end)

    def leave(self, end: Usage | ErrorFrame, model: str) -> None:
        """Charge and store a turn whose listener has left, without waiting."""
        self._keep_usage(end, model)
        self.ledger.end(end, model)
        if self.transcript is not None:
            self.transcript.leave(end)

    def close(self, model: str) -> None:
        """Release the turn, whether it ended or not."""
        self.ledger.close(model)
        self._keep_usage(None, model)
        if self.transcript is not None:
            self.transcript.close()

    def _keep_usage(self, end: Usage | ErrorFrame | None, model: str) -> None:
        """Keep the usage of a turn that was admitted, before its client is told of the end: a crash then loses nothing.

        A turn that was cancelled while the limits were checked comes to an end, too; it may not have been admitted.
        """
        usage, self._usage = self._usage, None
        if usage is not None:
            spent = end.usage if isinstance(end, ErrorFrame) else end
            self.ledger.tell_admission(
                lambda was_admitted: usage.keep(self.ledger.id, self.caller, model, spent) if was_admitted else None
            )
