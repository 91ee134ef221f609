"""`GET /models`: what may be asked."""

import msgspec
from litestar import get
from litestar.di import NamedDependency

from server.admission import Admission


class ModelList(msgspec.Struct, frozen=True):
    """The models on offer; the default one is asked when a chat names none."""

    default: str
    models: tuple[str, ...]


@get("/models")
async def list_models(admission: NamedDependency[Admission]) -> ModelList:
    """The models that a chat may name."""
    return ModelList(admission.offer.default, admission.offer.models)
