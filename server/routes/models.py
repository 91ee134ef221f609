"""`GET /models`: what may be asked."""

import msgspec
from litestar import get
from litestar.di import NamedDependency

from server.desk import Desk


class ModelList(msgspec.Struct, frozen=True):
    """The models on offer; the default one is asked when a chat names none."""

    default: str
    models: tuple[str, ...]


@get("/models")
async def list_models(desk: NamedDependency[Desk]) -> ModelList:
    """The models that a chat may name."""
    return ModelList(desk.offer.default, desk.offer.models)
