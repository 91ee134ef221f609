"""`/conversations`: list, search, rename, export and delete conversations."""

from typing import Final

from litestar import Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp

from deltawire.api_docs.operations import (
    CHANGE_CONVERSATION,
    CREATE_CONVERSATION,
    DELETE_CONVERSATION,
    EXPORT_CONVERSATION,
    LIST_CONVERSATIONS,
    READ_CONVERSATION,
)
from deltawire.conversations.files.archive import archive
from deltawire.conversations.schemas import (
    Conversation,
    ConversationPage,
    LiveRun,
    read_change,
    read_export,
    read_new,
    read_query,
)
from deltawire.identity.caller import caller_of
from deltawire.routes.bodies import AnyRequest, json_body, parameters_of
from deltawire.routes.options import allowing
from deltawire.routes.services import Services
from deltawire.routes.streamed import streamed

_FILES: Final = {"json": ("application/json", "json"), "markdown": ("text/markdown; charset=utf-8", "md")}
"""The media type and the suffix of each format."""


@get("/", operation_class=LIST_CONVERSATIONS)
async def list_conversations(request: AnyRequest, services: NamedDependency[Services]) -> ConversationPage:
    """List the caller's conversations, the last used first; with `q`, those that contain its words."""
    return await services.conversations.page(_owner(request), read_query(parameters_of(request)))


@post("/", operation_class=CREATE_CONVERSATION)
async def create_conversation(request: AnyRequest, services: NamedDependency[Services]) -> Conversation:
    """Create a conversation; the body may be an empty object."""
    async with json_body(request, services) as body:
        new = read_new(body)
    return await services.conversations.create(_owner(request), new)


@get("/{conversation:str}", operation_class=READ_CONVERSATION)
async def read_conversation(
    conversation: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> ASGIApp:
    """Return a conversation with all its messages, and the runs that go on in it."""
    runs = [
        LiveRun(run.name, run.question, run.state.value)
        for run in await services.runs.live(_owner(request), conversation)
    ]
    pieces = await services.conversations.read(_owner(request), conversation, runs)
    return streamed(pieces, {"content-type": "application/json"})


@patch("/{conversation:str}", operation_class=CHANGE_CONVERSATION)
async def change_conversation(
    conversation: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> Conversation:
    """Change the title, or settings one by one; null removes a setting."""
    async with json_body(request, services) as body:
        title, settings = read_change(body)
    return await services.conversations.change(_owner(request), conversation, title, settings)


@delete("/{conversation:str}", status_code=204, operation_class=DELETE_CONVERSATION)
async def delete_conversation(
    conversation: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> None:
    """Delete a conversation and all its messages."""
    await services.conversations.delete(_owner(request), conversation)


@get("/{conversation:str}/export", operation_class=EXPORT_CONVERSATION)
async def export_conversation(
    conversation: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> ASGIApp:
    """Return a conversation as a file: one branch as Markdown, or all of it as JSON."""
    query = read_export(parameters_of(request))
    owner = _owner(request)
    pieces = await services.conversations.export(owner, conversation, query)
    media_type, suffix = _FILES[query.format]
    if query.files:
        pieces = archive(services.files, owner, conversation, pieces, f"conversation.{suffix}")
        media_type, suffix = "application/zip", "zip"
    disposition = f'attachment; filename="conversation-{conversation}.{suffix}"'
    return streamed(pieces, {"content-type": media_type, "content-disposition": disposition})


def _owner(request: AnyRequest) -> str:
    """Return the owner: the caller's name, which is empty without authentication."""
    return caller_of(request.scope).name


conversations = Router(
    "/conversations",
    route_handlers=[
        *(allowing("/", "GET", "OPTIONS", "POST"), list_conversations, create_conversation),
        allowing("/{conversation:str}", "DELETE", "GET", "OPTIONS", "PATCH"),
        *(read_conversation, change_conversation, delete_conversation),
        export_conversation,
    ],
)
