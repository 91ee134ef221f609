"""`/conversations`: list, search, rename, export and delete conversations."""

from typing import Final
from urllib.parse import unquote_to_bytes

from litestar import Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp

from deltawire.api_docs.library_operations import DELETE_ALL, EXPORT_ALL, IMPORT
from deltawire.api_docs.operations import (
    CHANGE_CONVERSATION,
    CREATE_CONVERSATION,
    DELETE_CONVERSATION,
    EXPORT_CONVERSATION,
    LIST_CONVERSATIONS,
    READ_CONVERSATION,
)
from deltawire.conversations.files.archive import archive
from deltawire.conversations.importing import ImportReport
from deltawire.conversations.schemas import (
    Conversation,
    ConversationPage,
    LiveRun,
    read_change,
    read_delete_all,
    read_export,
    read_new,
    read_query,
)
from deltawire.protocol.errors import Failure
from deltawire.routes.bodies import AnyRequest, json_body, owner_of, parameters_of
from deltawire.routes.options import allowing
from deltawire.routes.services import Services
from deltawire.routes.streamed import streamed

_FILES: Final = {"json": ("application/json", "json"), "markdown": ("text/markdown; charset=utf-8", "md")}
"""The media type and the suffix of each format."""


@get("/", operation_class=LIST_CONVERSATIONS)
async def list_conversations(request: AnyRequest, services: NamedDependency[Services]) -> ConversationPage:
    """List the caller's conversations, the last used first; with `q`, those that contain its words."""
    return await services.conversations.page(owner_of(request), read_query(parameters_of(request)))


@post("/", operation_class=CREATE_CONVERSATION)
async def create_conversation(request: AnyRequest, services: NamedDependency[Services]) -> Conversation:
    """Create a conversation; the body may be an empty object."""
    async with json_body(request, services) as body:
        new = read_new(body)
    return await services.conversations.create(owner_of(request), new)


@delete("/", status_code=204, operation_class=DELETE_ALL)
async def delete_conversations(request: AnyRequest, services: NamedDependency[Services]) -> None:
    """Delete all of the caller's conversations, the archived ones too.

    An address that ends in a slash lacks the id of the one that is meant.
    """
    if unquote_to_bytes(request.scope["raw_path"]).endswith(b"/"):  # Litestar takes it off the path
        raise Failure("not_found")
    read_delete_all(parameters_of(request))
    await services.conversations.delete_all(owner_of(request))


@get("/export", operation_class=EXPORT_ALL)
async def export_everything(request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Return all folders, prompts and conversations of the caller as a file, which can be imported."""
    disposition = 'attachment; filename="conversations.json"'
    headers = {"content-type": "application/json", "content-disposition": disposition}
    return streamed(services.conversations.export_all(owner_of(request), services.library), headers)


@post("/import", status_code=200, operation_class=IMPORT)
async def import_conversations(request: AnyRequest, services: NamedDependency[Services]) -> ImportReport:
    """Import conversations of an export of this server, or of ChatGPT's; each gets a new id."""
    async with json_body(request, services) as body:
        return await services.importer.run(owner_of(request), body)


@get("/{conversation:str}", operation_class=READ_CONVERSATION)
async def read_conversation(
    conversation: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> ASGIApp:
    """Return a conversation with all its messages, and the runs that go on in it."""
    runs = [
        LiveRun(run.name, run.question, run.state.value)
        for run in await services.runs.live(owner_of(request), conversation)
    ]
    pieces = await services.conversations.read(owner_of(request), conversation, runs)
    return streamed(pieces, {"content-type": "application/json"})


@patch("/{conversation:str}", operation_class=CHANGE_CONVERSATION)
async def change_conversation(
    conversation: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> Conversation:
    """Change the title, the place in the list, or settings one by one; null removes a setting."""
    async with json_body(request, services) as body:
        changes = read_change(body)
    return await services.conversations.change(owner_of(request), conversation, changes)


@delete("/{conversation:str}", status_code=204, operation_class=DELETE_CONVERSATION)
async def delete_conversation(
    conversation: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> None:
    """Delete a conversation and all its messages."""
    await services.conversations.delete(owner_of(request), conversation)


@get("/{conversation:str}/export", operation_class=EXPORT_CONVERSATION)
async def export_conversation(
    conversation: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> ASGIApp:
    """Return a conversation as a file: one branch as Markdown, or all of it as JSON."""
    query = read_export(parameters_of(request))
    owner = owner_of(request)
    pieces = await services.conversations.export(owner, conversation, query)
    media_type, suffix = _FILES[query.format]
    if query.files:
        pieces = archive(services.files, owner, conversation, pieces, f"conversation.{suffix}")
        media_type, suffix = "application/zip", "zip"
    disposition = f'attachment; filename="conversation-{conversation}.{suffix}"'
    return streamed(pieces, {"content-type": media_type, "content-disposition": disposition})


conversations = Router(
    "/conversations",
    route_handlers=[
        *(
            allowing("/", "DELETE", "GET", "OPTIONS", "POST"),
            list_conversations,
            create_conversation,
            delete_conversations,
        ),
        allowing("/{conversation:str}", "DELETE", "GET", "OPTIONS", "PATCH"),
        *(read_conversation, change_conversation, delete_conversation),
        *(export_conversation, export_everything, import_conversations),
    ],
)
