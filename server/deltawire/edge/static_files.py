"""Static files for browsers, with their security policy."""

import os
import re
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, Router, get
from litestar.response import File

from deltawire.edge.public_routes import PUBLIC, PUBLIC_PATTERN
from deltawire.protocol.errors import Failure

SUGGESTIONS_STYLE: Final = "sha256-sxAALtWO7oFZpBrRvURy7ThA3QKj+7XJIinmBUxPiwY="
"""The digest of the one style sheet that Google's search suggestions bring. Their frame inherits the page's policy."""
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; script-src 'self'; style-src 'self' '{SUGGESTIONS_STYLE}'; "
    "font-src 'self'; connect-src 'self'; img-src 'self' data:; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
_ASK_AGAIN: Final = {"Cache-Control": "no-cache"}
_FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_HASHED: Final = "/assets/"
"""The folder of files with a digest of their content in their names."""
_INDEX: Final = "/index.html"
CONVERSATION: Final = re.compile(r"/[cs]/[A-Za-z0-9_-]{1,64}")
"""Paths of single conversations, and of shared ones: each serves the page, which reads the rest from the path."""
_CODINGS: Final = {"br": ".br", "gzip": ".gz"}
"""Content codings, best first, with the suffix of a file's copy in this coding."""


class NotBuiltError(Exception):
    """The chat page is not built; the message is for the operator."""


def built() -> Path:
    """Return the folder of the chat page: beside this module in a wheel, `web/dist` in a checkout."""
    room = Path(__file__).parent
    for folder in (room / "page", room.parents[2] / "web" / "dist"):
        if folder.is_dir():
            return folder
    raise NotBuiltError("the chat page is not built: run `make install`, then start again")


def page() -> Router:
    """Return the routes of the chat page."""
    return files("/", built(), CONVERSATION)


def files(path: str, folder: Path, of_index: re.Pattern[str] | None = None) -> Router:
    """Return routes for the files that a folder holds at the start; no path on the disk is made from a request.

    The root, and each path that `of_index` matches, serve the folder's index.html. With `of_index` given, that page is
    also the 404 of a browser that opens another address: it explains the error to a person.
    """
    found = _files_in(folder)
    guess_type(_INDEX)  # the first call in a process reads files of the system, which a request must not wait for
    if _INDEX in found:
        found["/"] = found[_INDEX]

    public = {PUBLIC: frozenset(path.rstrip("/") + name for name in found), PUBLIC_PATTERN: of_index}

    @get(["/", "/{file:path}"], include_in_schema=False, opt=public)
    async def serve(request: Request[Any, Any, Any]) -> File:
        name = str(request.path_params.get("file", "/"))
        if of_index is not None and of_index.fullmatch(name):
            name = _INDEX
        headers = request.headers
        if name in found:
            return _respond(name, found, headers.get("accept-encoding", ""))
        if of_index is None or "text/html" not in headers.get("accept", ""):
            raise Failure("not_found")
        page = _respond(_INDEX, found, headers.get("accept-encoding", ""))
        page.status_code = 404
        page.headers["Vary"] = "Accept, Accept-Encoding"
        return page

    return Router(path, route_handlers=[serve])


def _files_in(folder: Path) -> dict[str, str]:
    """Return the files of a folder by their paths from it, without pathlib: it takes several times as long."""
    files = (f"{where}/{name}" for where, _, names in os.walk(folder) for name in names)
    return {file.removeprefix(str(folder)): file for file in files}


def _respond(name: str, found: dict[str, str], accept_encoding: str) -> File:
    """Return a file in the best coding that it has and that the client accepts."""
    headers = _PAGE_HEADERS | (_FOREVER if name.startswith(_HASHED) else _ASK_AGAIN)
    file = found[name]
    for coding, suffix in _CODINGS.items():
        if name + suffix in found:
            headers["Vary"] = "Accept-Encoding"
            if _takes(accept_encoding, coding):
                headers["Content-Encoding"] = coding
                file = found[name + suffix]
                break
    filename = found[name].rpartition("/")[2]
    media_type = guess_type(filename)[0] or "application/octet-stream"
    return File(file, filename=filename, headers=headers, media_type=media_type, content_disposition_type="inline")


def _takes(accept_encoding: str, coding: str) -> bool:
    """Return whether a client accepts a coding: it names it, and not with a weight of 0 (RFC 9110, 12.5.3)."""
    for part in accept_encoding.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == coding:
            return weight.replace(" ", "").removeprefix("q=").strip("0.") != "" or not weight
    return False


async def with_page_headers(response: Response[Any]) -> Response[Any]:
    """Add the page's security policy to the pages that Litestar makes itself; a hook of Litestar's."""
    if response.status_code == 404:  # Litestar's own page for it, under /schema
        raise Failure("not_found")
    response.headers.update(_PAGE_HEADERS | _ASK_AGAIN)
    return response
