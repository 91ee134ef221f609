"""`/files`: files of the caller, sent around the socket, and named in turns by their ids.

The body of `POST /files` is the file. It goes on to the store while it comes, and waits where the store does. A form of
another page cannot send one: the gate refuses requests of other origins, and no type of a form is taken.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.exceptions import InternalServerException
from litestar.params import FromPath
from litestar.types import ASGIApp

from deltawire.aio.timeouts import ticking_timeout
from deltawire.api_docs.file_operations import DELETE_FILE, LIST_FILES, READ_CONTENT, READ_FILE, SEND_FILE
from deltawire.conversations.files.kinds import BY_NAME
from deltawire.conversations.files.names import attachment, name_in
from deltawire.conversations.files.schemas import File, FilePage, read_delete, read_query, read_upload
from deltawire.conversations.files.uploads import Upload
from deltawire.edge.error_handler import Refusal, RequestAborted
from deltawire.edge.head_requests import is_head
from deltawire.edge.headers import single_header
from deltawire.protocol.errors import Failure
from deltawire.routes.bodies import AnyRequest, check_encoding, owner_of, parameters_of
from deltawire.routes.connection import http_link
from deltawire.routes.options import allowing
from deltawire.routes.services import Services
from deltawire.routes.streamed import streamed
from deltawire.transport.send_clock import MIN_PROGRESS_BYTES

_FORMS: Final = {"multipart/form-data", "application/x-www-form-urlencoded"}
_UNKNOWN: Final = {"", "application/octet-stream", "binary/octet-stream"}
"""Media types that claim nothing."""
_SAFE: Final = {
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-store",
}
"""Headers of a file's content: whatever a browser takes it for, it runs nothing."""


@get("/", operation_class=LIST_FILES)
async def list_files(request: AnyRequest, services: NamedDependency[Services]) -> FilePage:
    """List the caller's files, the newest first."""
    return await services.files.page(owner_of(request), read_query(parameters_of(request)))


@post("/", operation_class=SEND_FILE, request_max_body_size=None)
async def send_file(request: AnyRequest, services: NamedDependency[Services]) -> Response[File]:
    """Keep the body as a file of the caller."""
    try:
        upload = _upload_of(request)
        http_link(request.scope).deadline.leave_to_handler()
        info = await services.files.take(upload, _body(request, services.send_timeout))
    except Failure as failure:
        services.metrics.uploads.labels(failure.code).inc()
        if failure.status == 415:
            taken = ", ".join(BY_NAME[name].type for name in sorted(services.files.bounds.kinds))
            raise Refusal(failure, turn=None, headers={"accept": taken}) from None
        raise
    services.metrics.uploads.labels("kept").inc()
    services.metrics.upload_bytes.inc(info.size)
    return Response(info, status_code=201, headers={"location": f"/files/{info.id}"})


@get("/{file:str}", operation_class=READ_FILE)
async def read_file(file: FromPath[str], request: AnyRequest, services: NamedDependency[Services]) -> File:
    """Return a file's name, type, size and dates."""
    return await services.files.info(owner_of(request), file)


@get("/{file:str}/content", operation_class=READ_CONTENT)
async def read_content(file: FromPath[str], request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Return the bytes of a file, as a download."""
    row = await services.files.find(owner_of(request), file)
    headers = {
        "content-type": f"{row.type}; charset=utf-8" if row.type.startswith("text/") else row.type,
        "content-length": str(row.size),
        "content-disposition": attachment(row.name),
        **_SAFE,
    }
    return streamed(_nothing() if is_head(request.scope) else services.files.read(row), headers)


@delete("/{file:str}", status_code=204, operation_class=DELETE_FILE)
async def delete_file(file: FromPath[str], request: AnyRequest, services: NamedDependency[Services]) -> None:
    """Delete a file, also from the messages that name it; with `unnamed` only where none does."""
    query = read_delete(parameters_of(request))
    await services.files.delete(owner_of(request), file, unnamed=query.unnamed)


def _upload_of(request: AnyRequest) -> Upload:
    """Return the name, type and length of a file, as the head of its request claims them; raise `Failure`."""
    claimed = request.content_type[0].strip().lower()
    if claimed in _FORMS:
        message = "The body is the file itself, not a form: send it with its own Content-Type."
        raise Failure("unsupported", message, field="Content-Type", status=415)
    check_encoding(request, "file")
    disposition = single_header(request.scope, b"content-disposition") or ""
    name = read_upload(parameters_of(request)).name or name_in(disposition)
    length = single_header(request.scope, b"content-length")
    return Upload(
        owner=owner_of(request),
        name=name or "",
        claimed=None if claimed in _UNKNOWN else claimed,
        length=int(length) if length is not None and length.isdigit() else None,
    )


async def _body(request: AnyRequest, seconds: float) -> AsyncIterator[bytes]:
    """Yield a body in pieces. A client that sends less than `MIN_PROGRESS_BYTES` in so many seconds is cut off.

    Raise `RequestAborted` for a client that has left. The time that the store takes is not the client's.
    """
    stream = request.stream()
    waited, received = 0.0, 0
    while True:
        begun = time.monotonic()
        try:
            async with ticking_timeout(max(0.0, seconds - waited)):
                piece = await anext(stream, None)
        except TimeoutError:
            http_link(request.scope).abort()
            raise RequestAborted from None
        except InternalServerException:  # Litestar raises this for a client that left before its last byte
            raise RequestAborted from None
        if piece is None:
            return
        waited += time.monotonic() - begun
        received += len(piece)
        if received >= MIN_PROGRESS_BYTES:
            waited, received = 0.0, 0
        yield piece


async def _nothing() -> AsyncGenerator[bytes, None]:
    yield b""


files = Router(
    "/files",
    route_handlers=[
        *(allowing("/", "GET", "OPTIONS", "POST"), list_files, send_file),
        *(allowing("/{file:str}", "DELETE", "GET", "OPTIONS"), read_file, delete_file, read_content),
    ],
)
