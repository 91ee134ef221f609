"""The usage of a turn, as the last frame and the store hold it."""

from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType


class Modalities(Struct, frozen=True, kw_only=True):
    """The tokens of a turn by modality: `text`, `image`, `audio`, `video`, `document`, or a later word of the provider.

    Those of a kind add up to its count. A kind whose modalities the provider did not send is absent.
    """

    input: dict[str, int] | UnsetType = UNSET
    output: dict[str, int] | UnsetType = UNSET
    tool: dict[str, int] | UnsetType = UNSET
    cached: dict[str, int] | UnsetType = UNSET


class UsageFigures(Struct, frozen=True, kw_only=True):
    """The usage of a turn: tokens, milliseconds, dollars. A figure that is not known is null, never 0.

    `conversation`, `question` and `message` are the ids of what is stored of a turn; `message` is its answer.
    `search_queries` is absent where the model did not search, `modalities` where all that was counted is text.
    """

    model: str
    finish_reason: str | None
    input_tokens: int | None
    output_tokens: int | None
    thought_tokens: int | None
    tool_tokens: int | None
    cached_tokens: int | None
    total_tokens: int | None
    measured: Literal["reported", "partial", "unknown"]
    first_delta_ms: int | None
    duration_ms: int
    cost_usd: float | None
    conversation: str | None = None
    question: str | None = None
    message: str | None = None
    search_queries: int | UnsetType = UNSET
    modalities: Modalities | UnsetType = UNSET


TOKEN_FIELDS: Final = tuple(name for name in UsageFigures.__struct_fields__ if name.endswith("_tokens"))
"""The field of every kind of token that is counted: `input_tokens`, `output_tokens` and so on."""
TOKEN_KINDS: Final = tuple(name.removesuffix("_tokens") for name in TOKEN_FIELDS)
"""The kinds themselves: `input`, `output` and so on."""
MODALITY_FIELDS: Final = ("image_tokens", "audio_tokens", "video_tokens", "document_tokens")
"""The fields of tokens that are not text, as the history of usage has them."""
NANO: Final = 10**9
"""Nanodollars in a dollar: costs are added up as whole numbers."""
