"""The record of one turn: its charge to the caller, and its messages in a conversation."""

import msgspec

from deltawire.aio.background import finished
from deltawire.chat.request import TurnRequest
from deltawire.conversations.transcript import Transcript
from deltawire.limits.ledger import Ledger
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ErrorFrame, Usage


class TurnRecord:
    """A turn's ledger, and its transcript when it belongs to a conversation."""

    def __init__(self, ledger: Ledger, transcript: Transcript | None) -> None:
        """Prepare; nothing is counted, read or written before `begin`."""
        self.ledger = ledger
        self.transcript = transcript

    @property
    def is_kept(self) -> bool:
        """True once the question is stored."""
        return self.transcript is not None and self.transcript.has_begun

    @property
    def may_refuse(self) -> bool:
        """True where `begin` may refuse the turn."""
        return self.transcript is not None or self.ledger.may_refuse

    async def begin(self, request: TurnRequest) -> TurnRequest:
        """Check the limits, then store the question; return the request with its context. Raise `Failure`.

        A turn that is refused writes nothing. A turn whose question cannot be stored counts only in the turns per
        minute.
        """
        transcript, model = self.transcript, request.models[0]
        if transcript is None:
            await self.ledger.begin(model)
            return request
        if self.ledger.goes_by_model:
            model = await transcript.first_model(request.request)
        await self.ledger.begin(model)
        try:
            context = await transcript.begin(request.request)
        except Failure:
            self.ledger.close()
            raise
        return msgspec.structs.replace(request, request=context.request, history=context.history, models=context.models)

    async def end(self, end: Usage | ErrorFrame) -> Usage | ErrorFrame:
        """Charge the turn and store its answer; return the last frame with the ids of what is stored.

        Raise `Failure`.
        """
        charging = self.ledger.end(end)
        try:
            return end if self.transcript is None else await self.transcript.end(end)
        finally:
            await finished(charging)

    def named(self, end: Usage | ErrorFrame) -> Usage | ErrorFrame:
        """Return the last frame with the ids of what is stored."""
        return end if self.transcript is None else self.transcript.named(end)

    def leave(self, end: Usage | ErrorFrame) -> None:
        """Charge and store a turn whose listener has left, without waiting."""
        self.ledger.end(end)
        if self.transcript is not None:
            self.transcript.leave(end)

    def close(self) -> None:
        """Release the turn, whether it ended or not."""
        self.ledger.close()
        if self.transcript is not None:
            self.transcript.close()
