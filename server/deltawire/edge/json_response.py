"""The response of routes that return a value."""

from collections.abc import Callable
from typing import Any, TypeVar

from litestar import Response
from litestar.serialization import default_serializer

from deltawire.protocol.frames import encode

T = TypeVar("T")


class JsonResponse(Response[T]):
    """A response whose JSON is encoded by `protocol.frames.encode`, like all other JSON of this server."""

    def render(self, content: Any, media_type: str, enc_hook: Callable[[Any], Any] = default_serializer) -> bytes:
        """Return the body."""
        if media_type == "application/json" and not isinstance(content, (bytes, str)):
            return encode(content)
        return super().render(content, media_type, enc_hook)
