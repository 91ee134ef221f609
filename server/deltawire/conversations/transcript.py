"""One turn of a conversation: its context, and what is stored of it.

The question is written before the upstream is asked, and the answer before the last frame is sent. Nothing is written
in between. After a hang-up a background task writes what was answered so far.
"""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
import stamina
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.aio.background import BackgroundTasks
from deltawire.conversations.context import context_of
from deltawire.conversations.database import Database
from deltawire.conversations.files.rows import FileRow, name_in_message
from deltawire.conversations.files.schemas import shown_of
from deltawire.conversations.open_calls import calling_answer, continuation
from deltawire.conversations.question_place import QuestionPlace, place_of
from deltawire.conversations.sizes import StoredSizes, utf8_bytes_of
from deltawire.conversations.texts import new_id, title_of
from deltawire.conversations.tree import Tree
from deltawire.conversations.turn_context import ContextBounds, OpenCalls, TurnContext
from deltawire.conversations.turn_settings import merged
from deltawire.gemini.catalog import ModelCatalog
from deltawire.gemini.messages import StoredMessage
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Delta, ErrorFrame, PartFrame, Thought, Usage, encode, figures_of, shown_part
from deltawire.protocol.shown import Shown

_CLOSE_SECONDS: Final = 5.0


def _is_away(fault: Exception) -> bool:
    return isinstance(fault, Failure) and fault.code == "store_unavailable"


class Transcripts:
    """The transcripts of all turns of conversations; one for the process."""

    def __init__(
        self,
        database: Database,
        sizes: StoredSizes,
        catalog: ModelCatalog,
        history: ContextBounds,
        seconds: float,
    ) -> None:
        """`history` bounds what a turn is asked with, `seconds` the retries of its last write."""
        self.database = database
        self.sizes = sizes
        self.catalog = catalog
        self.history = history
        self.retrying = stamina.AsyncRetryingCaller(
            timeout=seconds, attempts=None, wait_initial=0.1, wait_max=1.0, wait_jitter=0.1
        ).on(_is_away)
        self.background = BackgroundTasks()

    def open(self, owner: str, conversation: str, hold: Callable[[int], None], request_id: str) -> "Transcript":
        """Return the transcript of a turn, whose context `hold` counts, in bytes.

        `request_id` is the server's id of the request that the turn came with; it is empty where there is none.
        """
        return Transcript(self, Tree(owner, conversation, request_id or None), hold)

    async def close(self) -> None:
        """Wait for the writes that still run, at most 5 s."""
        await self.background.wait(_CLOSE_SECONDS)


class _ClosedEarly(Exception):
    """Rolls the question back: the turn ended before its commit, and its last frame named no question."""


class Transcript:
    """One turn of one conversation."""

    def __init__(self, transcripts: Transcripts, tree: Tree, hold: Callable[[int], None]) -> None:
        """Prepare; nothing is read or written before `begin`."""
        self._hold = hold
        self._transcripts = transcripts
        self._tree = tree
        self._question: str | None = None
        self._continued_answer: str | None = None
        """The id of the answer whose calls the turn answers; then it has no question of its own."""
        self._has_ended = self._is_closed = False
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._shown = Shown()
        self.parts: bytes | None = None
        """The contents of the answer, to be sent back unchanged (`StoredMessage.parts`)."""

    @property
    def text(self) -> str:
        """The text that was delivered."""
        return "".join(self._texts)

    @property
    def question(self) -> str | None:
        """The id of the question; None before it is written."""
        return self._question

    async def models(self, request: ChatRequest) -> tuple[str, ...]:
        """Return the models that will be asked, in this order; write nothing. Raise `Failure` as `begin` does."""
        async with self._transcripts.database.reading(self._tree.owner) as connection:
            conversation = await self._conversation(connection)
            catalog = self._transcripts.catalog
            if request.tool_results is not None:
                answer = await calling_answer(connection, self._tree, catalog, request)
                return continuation(request, conversation.settings, answer.model, catalog).models
        return catalog.models_of(merged(request, conversation.settings, catalog.tools))

    async def begin(self, request: ChatRequest, files: Sequence[FileRow] = ()) -> TurnContext:
        """Write the question with its files; return the request with its context and the conversation's settings.

        Raise `Failure`: `not_found` for what does not exist or is another owner's, `unknown_model`,
        `store_unavailable`.
        """
        return await self._transcripts.background.do(self._begin(request, files))

    def keep(self, frame: Delta | Thought | PartFrame) -> None:
        """Collect a frame that was delivered."""
        if isinstance(frame, Delta):
            self._texts.append(frame.text)
        elif isinstance(frame, Thought):
            self._thoughts.append(frame.text)
        else:
            self._shown.add(shown_part(frame))

    async def end(self, end: Usage | ErrorFrame) -> Usage | ErrorFrame:
        """Write the answer; return the last frame with the stored ids. Raise `Failure` (`store_unavailable`).

        Where no question is written, this writes nothing.
        """
        if self._question is None:
            return end
        self._has_ended = True
        return await self._transcripts.background.do(self._end(end, self._question))

    def leave(self, end: Usage | ErrorFrame) -> None:
        """Write the answer in the background: the listener has left."""
        if self._question is not None:
            self._has_ended = True
            self._transcripts.background.run(self._end(end, self._question))

    def close(self) -> None:
        """Release the turn. A question without an answer gets one with the finish reason `cancelled`.

        If the question is not written yet, it is not written at all, unless its commit has begun.
        """
        self._is_closed = True
        if self._question is not None and not self._has_ended and self._continued_answer is None:
            self._transcripts.background.run(self._cancel_question(self._question))

    def with_stored_ids(self, end: Usage | ErrorFrame, **message: str) -> Usage | ErrorFrame:
        """Return the last frame with the stored ids; unchanged where no question is written."""
        if self._question is None:
            return end
        names = {"conversation": self._tree.id, "question": self._question, **message}
        if isinstance(end, Usage):
            return msgspec.structs.replace(end, **names)
        return msgspec.structs.replace(end, usage=end.usage and msgspec.structs.replace(end.usage, **names))

    async def _begin(self, request: ChatRequest, files: Sequence[FileRow]) -> TurnContext:
        async with self._transcripts.database.writing(self._tree.owner) as transaction:
            conversation = await self._conversation(transaction, to_change=True)
            if request.tool_results is not None:
                return await self._continue(transaction, request, conversation)
            catalog = self._transcripts.catalog
            request = merged(request, conversation.settings, catalog.tools)
            models = catalog.models_of(request)
            place = await place_of(transaction, self._tree, request)
            history = await self._history(transaction, place.parent)
            size = 0 if place.stored_question else utf8_bytes_of(request.message)
            await self._transcripts.sizes.check_question(transaction, self._tree.owner, conversation, size)
            question_id = place.stored_question or await self._add_question(transaction, place, request, files)
            title: dict[str, Any] = {} if conversation.title else {"title": title_of(request.message)}
            count = 0 if place.stored_question else 1
            await self._tree.change(transaction, messages=count, text_bytes=size, **title, updated=time.time())
            if self._is_closed:
                raise _ClosedEarly
        self._question = question_id
        if self._is_closed:  # closed during the commit
            await self._cancel_question(question_id)
        return TurnContext(request=request, history=history, models=models, files_before=place.files_before)

    async def _add_question(
        self, transaction: AsyncConnection, place: QuestionPlace, request: ChatRequest, files: Sequence[FileRow]
    ) -> str:
        """Store a question with its files; return its id."""
        question_id = new_id()
        shown = encode(Shown(files=[shown_of(row) for row in files])).decode() if files else None
        await self._tree.add(
            transaction,
            id=question_id,
            parent=place.parent,
            role="user",
            text=request.message,
            answered=False,
            shown=shown,
        )
        await name_in_message(transaction, question_id, [row.id for row in files])
        return question_id

    async def _history(
        self, transaction: AsyncConnection, leaf: str | None, *, is_left_in_calls: bool = False
    ) -> list[HistoryMessage]:
        bounds = self._transcripts.history
        rows = [] if leaf is None else await self._tree.history(transaction, leaf, bounds.chars)
        history = context_of(rows, bounds.parts_bytes, is_left_in_calls=is_left_in_calls)
        if self._is_closed:  # nobody would release what is held from now on
            raise _ClosedEarly
        parts = [len(message.parts or b"") for message in history if isinstance(message, StoredMessage)]
        self._hold(2 * (sum([sys.getsizeof(message.text) for message in history]) + sum(parts)))
        return history

    async def _continue(
        self, transaction: AsyncConnection, request: ChatRequest, conversation: Row[*tuple[Any, ...]]
    ) -> TurnContext:
        """Return the context of a turn that brings the results of an answer's calls. Raise `Failure`."""
        catalog = self._transcripts.catalog
        answer = await calling_answer(transaction, self._tree, catalog, request)
        continued = continuation(request, conversation.settings, answer.model, catalog)
        history = await self._history(transaction, answer.id, is_left_in_calls=True)
        await self._transcripts.sizes.check_question(transaction, self._tree.owner, conversation, 0)
        self._continued_answer = answer.id
        self._question = await self._tree.question_of(transaction, answer.id)
        called = msgspec.json.decode(answer.shown or "{}", type=Shown).tool_calls
        calls = OpenCalls(parts=answer.parts.encode(), names=[call.call for call in called])
        return TurnContext(request=continued.request, history=history, models=continued.models, open_calls=calls)

    async def _conversation(self, connection: AsyncConnection, *, to_change: bool = False) -> Row[*tuple[Any, ...]]:
        conversation = await self._tree.find(connection, to_change=to_change)
        if conversation is None:
            raise Failure("not_found", "There is no such conversation.", field="conversation")
        return conversation

    async def _cancel_question(self, question: str) -> None:
        await self._transcripts.retrying(self._write, new_id(), question, finish_reason="cancelled")

    async def _end(self, end: Usage | ErrorFrame, question: str) -> Usage | ErrorFrame:
        # An empty answer to results is not stored: the client may send them again.
        may_be_empty = not isinstance(end, ErrorFrame) and self._continued_answer is None
        if not may_be_empty and not (self._texts or self._thoughts or self._shown):
            return self.with_stored_ids(end)
        answer = new_id()
        end_with_ids = self.with_stored_ids(end, message=answer)
        figures = figures_of(end_with_ids) if isinstance(end_with_ids, Usage) else end_with_ids.usage
        is_there = await self._transcripts.retrying(
            self._write,
            answer,
            question,
            model=figures and figures.model,
            finish_reason=end.finish_reason if isinstance(end, Usage) else None,
            error=end.code if isinstance(end, ErrorFrame) else None,
            usage=figures and msgspec.json.encode(figures).decode(),
        )
        return end_with_ids if is_there else self.with_stored_ids(end)

    async def _write(self, answer: str, question: str, **ended: Any) -> bool:
        """Write the answer, only once even when this is retried; return False when its conversation was deleted."""
        with suppress(IntegrityError):  # an earlier try has written it
            async with self._transcripts.database.writing(self._tree.owner) as transaction:
                if await self._tree.find(transaction, to_change=True) is None:
                    return False
                size = await self._tree.add(
                    transaction,
                    id=answer,
                    parent=self._continued_answer or question,
                    role="model",
                    text="".join(self._texts),
                    thoughts="".join(self._thoughts),
                    parts=self.parts and self.parts.decode(),
                    shown=encode(self._shown).decode() if self._shown else None,
                    **ended,
                )
                await name_in_message(transaction, answer, [file.id for file in self._shown.files])
                if self._continued_answer is None:
                    await self._tree.set_answered(transaction, question)
                await self._tree.change(transaction, messages=1, text_bytes=size, updated=time.time())
                self._transcripts.sizes.add(self._tree.owner, size)
        return True
