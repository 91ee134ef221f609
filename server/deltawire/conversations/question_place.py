"""The place of a turn's question in the tree of its conversation."""

from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.context import file_ids
from deltawire.conversations.texts import storable
from deltawire.conversations.tree import Tree
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure


class QuestionPlace(NamedTuple):
    """The place of a question in its conversation."""

    parent: str | None
    stored_question: str | None = None
    """The id of a stored question that is asked again."""
    files_before: tuple[str, ...] = ()
    """The files of that question."""


async def place_of(connection: AsyncConnection, tree: Tree, request: ChatRequest) -> QuestionPlace:
    """Return the place of a question in its conversation, or of a stored question that is asked again.

    The same words with other files are another question, beside the stored one. Raise `Failure` (`not_found`).
    """
    if request.parent is None:
        return QuestionPlace(await tree.newest_answer(connection))
    if request.parent == tree.id:
        return QuestionPlace(None)
    parent = await tree.message(connection, request.parent)
    if parent is None:
        raise Failure("not_found", "There is no such message in this conversation.", field="parent")
    if parent.role == "user" and parent.text == storable(request.message):
        before = file_ids(parent.shown)
        if request.files is None or tuple(dict.fromkeys(request.files)) == before:
            return QuestionPlace(parent.parent, request.parent, before)
        return QuestionPlace(parent.parent)
    return QuestionPlace(request.parent)
