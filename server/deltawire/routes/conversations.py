"""`/conversations`: list, search, rename, export and delete conversations."""

from typing import Any

import msgspec
from litestar import HttpMethod, Request, Response, Router, delete, get, patch, post, route
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from deltawire.api_docs.operations import (
    CHANGE_CONVERSATION,
    CREATE_CONVERSATION,
    DELETE_CONVERSATION,
    EXPORT_CONVERSATION,
    LIST_CONVERSATIONS,
    READ_CONVERSATION,
)
from deltawire.conversations.export import markdown
from deltawire.conversations.schemas import (
    Conversation,
    ConversationPage,
    ConversationTree,
    read_change,
    read_export,
    read_new,
    read_query,
)
from deltawire.identity.caller import caller_of
from deltawire.protocol.frames import encode
from deltawire.routes.bodies import json_body, parameters_of
from deltawire.routes.services import Services

AnyRequest = Request[Any, Any, Any]


@get("/", operation_class=LIST_CONVERSATIONS)
async def list_conversations(request: AnyRequest, services: NamedDependency[Services]) -> ConversationPage:
    """List the caller's conversations, the last used first; with `q`, those that contain its words."""
    return await services.conversations.page(_owner(request), read_query(parameters_of(request)))


@post("/", operation_class=CREATE_CONVERSATION)
async def create_conversation(request: AnyRequest, services: NamedDependency[Services]) -> Conversation:
    """Create a conversation; the body may be an empty object."""
    return await services.conversations.create(_owner(request), read_new(await json_body(request)))


@get("/{conversation:str}", operation_class=READ_CONVERSATION)
async def read_conversation(
    conversation: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> ConversationTree:
    """Return a conversation with all its messages."""
    return await services.conversations.read(_owner(request), conversation)


@patch("/{conversation:str}", operation_class=CHANGE_CONVERSATION)
async def change_conversation(
    conversation: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> Conversation:
    """Change the title, or settings one by one; null removes a setting."""
    title, settings = read_change(await json_body(request))
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
) -> Response[bytes]:
    """Return a conversation as a file: one branch as Markdown, or all of it as JSON."""
    query = read_export(parameters_of(request))
    tree = await services.conversations.read(_owner(request), conversation)
    if query.format == "json":
        content, media_type, suffix = msgspec.json.format(encode(tree)), "application/json", "json"
    else:
        content, media_type, suffix = markdown(tree, query.message).encode(), "text/markdown", "md"
    disposition = f'attachment; filename="conversation-{conversation}.{suffix}"'
    return Response(content, media_type=media_type, headers={"content-disposition": disposition})


def _owner(request: AnyRequest) -> str:
    """Return the owner: the caller's name, which is empty without authentication."""
    return caller_of(request.scope).name


def _allowing(path: str, *methods: str) -> HTTPRouteHandler:
    """Return a route for OPTIONS: Litestar's own names only the method that was registered first."""

    @route(path, http_method=HttpMethod.OPTIONS, include_in_schema=False)
    async def allowed() -> Response[None]:
        return Response(None, status_code=204, headers={"allow": ", ".join(methods)})

    return allowed


conversations = Router(
    "/conversations",
    route_handlers=[
        *(_allowing("/", "GET", "OPTIONS", "POST"), list_conversations, create_conversation),
        _allowing("/{conversation:str}", "DELETE", "GET", "OPTIONS", "PATCH"),
        *(read_conversation, change_conversation, delete_conversation),
        export_conversation,
    ],
)
