"""Which models may be asked."""

import msgspec

from deltawire.protocol.errors import Failure


class ModelCatalog(msgspec.Struct, frozen=True, kw_only=True):
    """The models on catalog."""

    models: tuple[str, ...]
    """What `GET /models` lists."""
    default: str
    fallbacks: tuple[str, ...]
    any: bool
    """Whether every well-formed name is allowed."""

    def models_for(self, name: str | None) -> tuple[str, ...]:
        """The models to ask, in order, when a client names this one or none; raise `Failure` (`unknown_model`)."""
        model = name or self.default
        if not self.any and model not in self.models:
            raise Failure("unknown_model", field="model")
        return (model, *(fallback for fallback in self.fallbacks if fallback != model))
