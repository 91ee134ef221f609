"""Read the provider's token counts by modality, such as `[{"modality": "AUDIO", "tokenCount": 320}]`."""

import re
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from deltawire.gemini.events import Counts
from deltawire.gemini.reading.response import UNREADABLE, UsageMetadata
from deltawire.protocol.usage_figures import Modalities

_BY_NUMBER: Final = ("", "text", "image", "video", "audio", "document")
"""The modalities by the numbers of Google's enum: some gateways send these."""
_MAX_MODALITIES: Final = 16
_word = re.compile(r"[a-z][a-z0-9_]{0,31}")


class _Detail(Struct, rename="camel"):
    modality: Any = None
    token_count: Any = None


_decode = msgspec.json.Decoder(list[_Detail | None], strict=False).decode


def modalities_of(usage: UsageMetadata, counts: Counts) -> Modalities | None:
    """Return the tokens by modality, so that those of a kind add up to its count; None where none were sent."""
    found = Modalities(
        input=_split(usage.prompt_tokens_details, counts.input),
        output=_split(usage.candidates_tokens_details, counts.output),
        tool=_split(usage.tool_use_prompt_tokens_details, counts.tool),
        cached=_split(usage.cache_tokens_details, counts.cached),
    )
    return None if found == _NONE else found


_NONE: Final = Modalities()


def _split(details: Raw, count: int | None) -> dict[str, int] | UnsetType:
    """Return the tokens of one kind by modality. The part that has no modality is text.

    Modalities that hold more tokens than the count has are wrong, and so is one that has no name.
    """
    if not details or not count:
        return UNSET
    try:
        decoded = _decode(details)
    except UNREADABLE:
        return UNSET
    split: dict[str, int] = {}
    for detail in decoded[:_MAX_MODALITIES]:
        if detail is None:
            continue
        name, tokens = _name(detail.modality), _number(detail.token_count)
        if name is None or tokens is None:
            return UNSET
        if tokens and name != "text":
            split[name] = split.get(name, 0) + tokens
    text = count - sum(split.values())
    if not decoded or text < 0:
        return UNSET
    return {"text": text, **split} if text else split


def _name(value: Any) -> str | None:
    """Return the word of a modality; None for a value that is not a name."""
    if isinstance(value, int) and 0 < value < len(_BY_NUMBER):
        return _BY_NUMBER[value]
    word = value.lower() if isinstance(value, str) else ""
    return word if _word.fullmatch(word) and word != "modality_unspecified" else None


def _number(value: Any) -> int | None:
    """Return a count, which some gateways send as a string; one that is left out is 0."""
    if value is None:
        return 0
    try:
        return msgspec.convert(value, int, strict=False) if 0 <= int(value) <= 2**53 else None
    except (ValueError, TypeError, msgspec.ValidationError, OverflowError):
        return None
