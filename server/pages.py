"""What is served to a browser, and under which policy."""

from pathlib import Path
from typing import Any, Final

from litestar import Response, Router
from litestar.static_files import create_static_files_router

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
    return create_static_files_router("/", [folder], html_mode=True, after_request=with_page_headers)


async def with_page_headers(response: Response[Any]) -> Response[Any]:
    """Litestar's hook: nothing from elsewhere, nothing inline, in nobody's frame."""
    response.headers.update(_PAGE_HEADERS)
    return response
