"""The catalog of the models that clients may ask."""

import msgspec

from deltawire.protocol.errors import Failure


class ModelCatalog(msgspec.Struct, frozen=True, kw_only=True):
    """The models that clients may ask, the default one, and the fallbacks."""

    models: tuple[str, ...]
    """The models that `GET /models` lists."""
    default: str
    fallbacks: tuple[str, ...]
    any: bool
    """True when every well-formed name is allowed."""

    def models_for(self, name: str | None) -> tuple[str, ...]:
        """Return the models to ask, in order, for the name from a client, if any; raise `Failure` (`unknown_model`)."""
        model = name or self.default
        if not self.any and model not in self.models:
            raise Failure("unknown_model", field="model")
        return (model, *(fallback for fallback in self.fallbacks if fallback != model))
