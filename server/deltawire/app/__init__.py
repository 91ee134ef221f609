"""The composition root: it builds the services of a process and joins them."""

from deltawire.app.assembly import assemble, build, create_app

__all__ = ["assemble", "build", "create_app"]
