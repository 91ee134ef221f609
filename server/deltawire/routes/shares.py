"""`/shares` and `/shared`: links to one branch of a conversation, and what they show."""

from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import ASGIApp

from deltawire.api_docs.library_operations import CREATE_SHARE, DELETE_BY_ID, LIST_SHARES, READ_SHARED
from deltawire.conversations.library_schemas import MadeShare, ShareList, read_share
from deltawire.conversations.share_links import PUBLIC_ADDRESS
from deltawire.edge.public_routes import PUBLIC_PATTERN
from deltawire.routes.bodies import AnyRequest, json_body, owner_of
from deltawire.routes.services import Services
from deltawire.routes.streamed import streamed


@post("/conversations/{conversation:str}/shares", operation_class=CREATE_SHARE)
async def create_share(
    conversation: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> MadeShare:
    """Make a link to the branch that ends in a message; only this answer tells its token."""
    async with json_body(request, services) as body:
        new = read_share(body)
    return await services.share_links.add(owner_of(request), conversation, new)


@get("/", operation_class=LIST_SHARES)
async def list_shares(request: AnyRequest, services: NamedDependency[Services]) -> ShareList:
    """List the caller's links that have not expired, the newest first."""
    return ShareList(await services.share_links.all(owner_of(request)))


@delete("/{share:str}", status_code=204, operation_class=DELETE_BY_ID)
async def delete_share(share: FromPath[str], request: AnyRequest, services: NamedDependency[Services]) -> None:
    """Revoke a link: from now on its address answers 404."""
    await services.share_links.take_back(owner_of(request), share)


def reading_shared(*, allows_public: bool) -> HTTPRouteHandler:
    """Return the route of what a link shows; public links need no authentication where the operator allows them."""

    @get(
        "/shared/{token:str}",
        operation_class=READ_SHARED,
        opt={PUBLIC_PATTERN: PUBLIC_ADDRESS} if allows_public else None,
    )
    async def read_shared(token: FromPath[str], request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
        """Return the messages of a shared branch, and nothing else of its conversation."""
        pieces = await services.share_links.read(owner_of(request), token)
        return streamed(pieces, {"content-type": "application/json", "x-robots-tag": "noindex, nofollow"})

    return read_shared


shares = Router("/shares", route_handlers=[list_shares, delete_share])
