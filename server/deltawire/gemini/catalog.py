"""The catalog of the models that clients may ask."""

import msgspec

from deltawire.gemini.built_in import check_allowed, check_combination
from deltawire.gemini.models import family_of
from deltawire.gemini.schema import check_schema
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.tools import BuiltInTool


class ModelCatalog(msgspec.Struct, frozen=True, kw_only=True):
    """The models that clients may ask, the default one, and the fallbacks."""

    models: tuple[str, ...]
    """The models that `GET /models` lists."""
    default: str
    fallbacks: tuple[str, ...]
    any: bool
    """True when every well-formed name is allowed."""
    tools: tuple[BuiltInTool, ...] = ()
    """The built-in tools that clients may name."""
    vertex: bool = False
    """True when Vertex AI is asked, which takes fewer tools together."""
    standin: bool = False
    """True when no real model is behind the catalog: the stand-in is asked instead of the models of the settings."""

    def models_of(self, request: ChatRequest) -> tuple[str, ...]:
        """Return the models to ask, in order, for a request; a fallback that does not take its tools is left out.

        Raise `Failure`: `unknown_model`, and `invalid_frame` for what the first model does not take.
        """
        model, *fallbacks = self.models_for(request.model)
        if not request.tools and request.response_schema is None:
            return (model, *fallbacks)
        check_allowed(request, self.tools)
        if request.response_schema is not None:
            check_schema(request.response_schema, "response_schema")
        check_combination(model, request, vertex=self.vertex)
        return (model, *(name for name in fallbacks if self._takes(name, request)))

    def thinks(self, model: str) -> bool:
        """Return whether the effort of a model's thinking can be chosen."""
        return family_of(model).thinks

    def _takes(self, model: str, request: ChatRequest) -> bool:
        try:
            check_combination(model, request, vertex=self.vertex)
        except Failure:
            return False
        return True

    def models_for(self, name: str | None) -> tuple[str, ...]:
        """Return the models to ask, in order, for the name from a client, if any; raise `Failure` (`unknown_model`)."""
        model = name or self.default
        if not self.any and model not in self.models:
            raise Failure("unknown_model", field="model")
        return (model, *(fallback for fallback in self.fallbacks if fallback != model))
