"""The record of one turn: its charge to the caller, its row in the history of usage, its messages in a conversation."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from deltawire.aio.background import finished
from deltawire.chat.function_responses import results_of
from deltawire.chat.request import TurnRequest
from deltawire.conversations.files.filed_messages import FiledHistory
from deltawire.conversations.files.rows import FileRow
from deltawire.conversations.files.turn_files import TurnFiles
from deltawire.conversations.transcript import Transcript
from deltawire.conversations.usage_history import UsageHistory
from deltawire.gemini.events import MadeFile
from deltawire.limits.ledger import Ledger
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ErrorFrame, Usage


class _RequestInContext(NamedTuple):
    """The request of a turn whose question is stored, with its conversation's context."""

    request: TurnRequest
    files_before: tuple[str, ...]
    """The files of a stored question that is asked again."""


class TurnRecord:
    """A turn's ledger, its row in the history of usage, and its transcript when it belongs to a conversation."""

    def __init__(
        self,
        caller: str,
        ledger: Ledger,
        transcript: Transcript | None,
        usage: UsageHistory | None = None,
        files: TurnFiles | None = None,
        request_id: str = "",
    ) -> None:
        """Prepare; nothing is counted, read or written before `begin`.

        `caller` is named in the history of usage, and so is the request that the turn came with, by the server's id.
        """
        self._request_id = request_id
        self._files = files
        self._made_files = 0
        self.ledger = ledger
        self.transcript = transcript
        self.caller = caller
        """The name of its caller."""
        self._usage = usage

    @property
    def is_stored(self) -> bool:
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
        if request.request.files or request.history.__class__ is FiledHistory:  # `type()` would be a call
            return await self._begin_with_files(request)
        if transcript is None:
            await self.ledger.begin(*request.models)
            return request
        begun = await self._in_context(request, transcript)
        if begun.files_before or type(begun.request.history) is FiledHistory:
            return await self._attach(begun.request, await self._stored(begun.files_before))
        return begun.request

    async def _begin_with_files(self, request: TurnRequest) -> TurnRequest:
        """Begin a turn with files. They are looked up first: a turn that names a missing file is not counted."""
        own_files = await self._look_up_files(request.request)
        if self.transcript is None:
            await self.ledger.begin(*request.models)
            return await self._attach(request, own_files)
        begun = await self._in_context(request, self.transcript, own_files)
        return await self._attach(begun.request, own_files or await self._stored(begun.files_before))

    async def _look_up_files(self, request: ChatRequest) -> list[FileRow]:
        if not request.files:
            return []
        if self._files is None:
            raise Failure("not_found", field="files[0]")
        return await self._files.look_up(self.caller, request)

    async def _stored(self, ids: Sequence[str]) -> list[FileRow]:
        """Return the files of a stored question; those that were deleted are left out."""
        return [] if self._files is None or not ids else await self._files.find_stored(self.caller, ids)

    async def _attach(self, request: TurnRequest, own_files: Sequence[FileRow]) -> TurnRequest:
        if self._files is None:
            return request
        filed, history = await self._files.attach(self.caller, request.request, own_files, request.history)
        return msgspec.structs.replace(request, request=filed, history=history)

    async def keep_file(self, made: MadeFile) -> FileRow:
        """Keep a file that the model made; raise `Failure`."""
        if self._files is None:
            raise Failure("store_unavailable", cause="no store of files")
        self._made_files += 1
        return await self._files.keep(self.caller, made, self._made_files)

    async def _in_context(
        self, request: TurnRequest, transcript: Transcript, files: Sequence[FileRow] = ()
    ) -> _RequestInContext:
        """Check the limits, then store the question; return the request with its context."""
        models = request.models
        if self.ledger.depends_on_model:
            models = await transcript.models(request.request)
        await self.ledger.begin(*models)
        try:
            context = await transcript.begin(request.request, files)
            exchange = request.exchange
            if context.open_calls is not None:
                exchange = (results_of(request.request, context.open_calls, request.bounds),)
        except Failure:
            released = self.ledger.close(request.models[0])
            if released is not None:  # else this lease could still count when the caller asks again
                await finished(released)
            raise
        begun = msgspec.structs.replace(
            request, request=context.request, history=context.history, models=context.models, exchange=exchange
        )
        return _RequestInContext(begun, context.files_before)

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

    def with_stored_ids(self, end: Usage | ErrorFrame) -> Usage | ErrorFrame:
        """Return the last frame with the ids of what is stored."""
        return end if self.transcript is None else self.transcript.with_stored_ids(end)

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
        """Keep the usage of a turn that was admitted, before its end is sent: a crash then loses nothing.

        This is called for a turn that was cancelled while the limits were checked, too: it may not have been admitted.
        """
        usage, self._usage = self._usage, None
        if usage is not None:
            figures = end.usage if isinstance(end, ErrorFrame) else end

            def keep(was_admitted: bool) -> None:  # noqa: FBT001 - as `when_decided` calls it
                if was_admitted:
                    usage.keep(self.ledger.id, self.caller, model, figures, self._request_id)

            self.ledger.when_decided(keep)
