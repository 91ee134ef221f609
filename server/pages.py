"""What is served to a browser, and under which policy."""

from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, Router
from litestar.exceptions import InternalServerException
from litestar.static_files import create_static_files_router

from server.errors import Failure
from server.problems import respond

_PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page() -> Router:
    """The chat page: beside this package in a checkout, inside it in a wheel."""
    package = Path(__file__).parent
    folder = package / "web" if (package / "web").is_dir() else package.parent / "web"
    return files("/", folder, name="page")


def files(path: str, folder: Path, *, name: str) -> Router:
    """The files of a folder, under the policy. What cannot be the name of a file is not found."""
    return create_static_files_router(
        path,
        [folder],
        name=name,
        html_mode=True,
        after_request=with_page_headers,
        exception_handlers={ValueError: _not_found, OSError: _not_found, InternalServerException: _not_found},
    )


def _not_found(request: Request[Any, Any, Any], _: Exception) -> Response[bytes]:
    return respond(request, Failure("not_found"))


async def with_page_headers(response: Response[Any]) -> Response[Any]:
    """Litestar's hook: nothing from elsewhere, nothing inline, in nobody's frame."""
    if response.status_code == 404:  # Litestar's own page for it, under /schema
        raise Failure("not_found")
    response.headers.update(_PAGE_HEADERS)
    return response
