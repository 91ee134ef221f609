"""`GET /models`: what may be asked."""

import msgspec
from litestar import get
from litestar.di import NamedDependency

from deltawire.api_docs.operations import LIST_MODELS
from deltawire.routes.services import Services


class ModelList(msgspec.Struct, frozen=True):
    """The models on offer; the default one is asked when a chat names none.

    A turn of a conversation is asked with the newest of its messages, within `max_history_chars`.
    """

    default: str
    models: tuple[str, ...]
    max_history_chars: int


@get("/models", operation_class=LIST_MODELS)
async def list_models(services: NamedDependency[Services]) -> ModelList:
    """The models that a chat may name."""
    catalog = services.admission.catalog
    return ModelList(catalog.default, catalog.models, services.admission.bounds.history_chars)
