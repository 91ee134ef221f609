"""`GET /models`: the models that may be asked."""

from typing import Final

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from msgspec import UNSET, UnsetType

from deltawire.api_docs.operations import LIST_MODELS
from deltawire.protocol.tools import BuiltInTool
from deltawire.routes.services import Services

_HISTORY: Final = "Max-History-Chars"
"""The number of characters of a conversation that a turn is asked with: its newest messages."""
_GRACE: Final = "Max-Grace"
"""The most seconds that a chat may ask for as `grace`."""


class ModelList(msgspec.Struct, frozen=True):
    """The models on offer; the default one is asked when a chat names none.

    `tools` are those of the provider that a chat may name; absent where there are none.
    """

    default: str
    models: tuple[str, ...]
    tools: tuple[BuiltInTool, ...] | UnsetType = UNSET


@get("/models", operation_class=LIST_MODELS)
async def list_models(services: NamedDependency[Services]) -> Response[ModelList]:
    """List the models that a chat may name."""
    catalog, bounds = services.admission.catalog, services.admission.bounds
    headers = {_HISTORY: str(bounds.history_chars), _GRACE: f"{services.runs.bounds.grace:g}"}
    return Response(ModelList(catalog.default, catalog.models, catalog.tools or UNSET), headers=headers)
