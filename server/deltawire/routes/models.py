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
_FILE_BYTES: Final = "Max-File-Bytes"
"""The largest file that may be asked with; 0 where none is taken."""


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one model; null for what is not known. Prices are dollars for a million tokens."""

    name: str
    context_tokens: int | None
    input_usd: float | None
    output_usd: float | None
    thinking: bool
    """True where the effort of thinking can be chosen."""


# The page's types have this docstring, and none of a field.
class ModelList(msgspec.Struct, frozen=True):
    """The models on offer; the default one is asked when a chat names none. `any` says if others may be named, too.

    `tools` are those of the provider that a chat may name; absent where there are none. `standin` is true where no real
    model is behind them; absent elsewhere.
    """

    default: str
    models: tuple[str, ...]
    any: bool
    titles: bool
    """True where the server makes titles of conversations."""
    public_shares: bool
    """True where a link may be shared that needs no authentication."""
    facts: tuple[ModelFacts, ...]
    tools: tuple[BuiltInTool, ...] | UnsetType = UNSET
    standin: bool | UnsetType = UNSET


@get("/models", operation_class=LIST_MODELS)
async def list_models(services: NamedDependency[Services]) -> Response[ModelList]:
    """List the models that a chat may name, with what is known of each."""
    catalog, bounds = services.turn_registry.catalog, services.turn_registry.bounds
    files = services.files
    headers = {
        _HISTORY: str(bounds.history_chars),
        _GRACE: f"{services.runs.bounds.grace:g}",
        _FILE_BYTES: str(files.bounds.file_bytes if files.objects.url else 0),
    }
    models = ModelList(
        catalog.default,
        catalog.models,
        catalog.any,
        services.title_model is not None,
        services.share_links.allows_public,
        tuple(_facts(name, services) for name in catalog.models),
        catalog.tools or UNSET,
        catalog.standin or UNSET,
    )
    return Response(models, headers=headers)


def _facts(name: str, services: Services) -> ModelFacts:
    prices = services.limits.prices.of_model(name)
    return ModelFacts(
        name=name,
        context_tokens=prices.context_tokens,
        input_usd=prices.input_usd,
        output_usd=prices.output_usd,
        thinking=services.turn_registry.catalog.thinks(name),
    )
