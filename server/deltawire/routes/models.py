"""`GET /models`: the models that may be asked."""

import msgspec
from litestar import get
from litestar.di import NamedDependency

from deltawire.api_docs.operations import LIST_MODELS
from deltawire.routes.services import Services


class ModelList(msgspec.Struct, frozen=True):
    """The models on offer; the default one is asked when a chat names none."""

    default: str
    models: tuple[str, ...]


@get("/models", operation_class=LIST_MODELS)
async def list_models(services: NamedDependency[Services]) -> ModelList:
    """List the models that a chat may name."""
    catalog = services.admission.catalog
    return ModelList(catalog.default, catalog.models)
