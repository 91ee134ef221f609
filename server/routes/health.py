"""`GET /livez` and `GET /readyz`: for whoever restarts us and whoever sends us people."""

from litestar import get


@get("/livez")
async def live() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@get("/readyz")
async def ready() -> dict[str, str]:
    """The process takes new turns."""
    return {"status": "ok"}
