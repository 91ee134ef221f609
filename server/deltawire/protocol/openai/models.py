"""The models in OpenAI's shape."""

from typing import Literal

from msgspec import Struct


class OpenAIModel(Struct, frozen=True, kw_only=True):
    """One model. `created` is always 0: the provider does not say it."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "google"


class OpenAIModelList(Struct, frozen=True, kw_only=True):
    """The models on offer."""

    object: Literal["list"] = "list"
    data: list[OpenAIModel]


def model_list(names: tuple[str, ...]) -> OpenAIModelList:
    """Return the list of models with these names."""
    return OpenAIModelList(data=[OpenAIModel(id=name) for name in names])
