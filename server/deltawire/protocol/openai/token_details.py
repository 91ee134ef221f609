"""The details of a completion's tokens, as OpenAI's `usage` has them."""

from msgspec import UNSET, Struct, UnsetType

from deltawire.protocol.usage_figures import Modalities, UsageFigures


class PromptTokens(Struct, frozen=True, kw_only=True):
    """The parts of the prompt. Those by modality are absent where all of it is text, or no modality is known."""

    cached_tokens: int
    audio_tokens: int | UnsetType = UNSET
    image_tokens: int | UnsetType = UNSET
    text_tokens: int | UnsetType = UNSET


class CompletionTokens(Struct, frozen=True, kw_only=True):
    """The parts of the completion. Those by modality are absent where all of it is text, or no modality is known."""

    reasoning_tokens: int
    audio_tokens: int | UnsetType = UNSET
    text_tokens: int | UnsetType = UNSET


def prompt_details(figures: UsageFigures) -> PromptTokens | UnsetType:
    """Return the parts of the prompt; nothing where the cached one is not known."""
    if figures.cached_tokens is None:
        return UNSET
    modalities = figures.modalities or Modalities()
    if not modalities.input:
        return PromptTokens(cached_tokens=figures.cached_tokens)
    tool = modalities.tool or {}
    audio, image, text = (modalities.input.get(name, 0) + tool.get(name, 0) for name in ("audio", "image", "text"))
    return PromptTokens(cached_tokens=figures.cached_tokens, audio_tokens=audio, image_tokens=image, text_tokens=text)


def completion_details(figures: UsageFigures) -> CompletionTokens | UnsetType:
    """Return the parts of the completion; nothing where the one of thoughts is not known."""
    if figures.thought_tokens is None:
        return UNSET
    modalities = figures.modalities or Modalities()
    if not modalities.output:
        return CompletionTokens(reasoning_tokens=figures.thought_tokens)
    return CompletionTokens(
        reasoning_tokens=figures.thought_tokens,
        audio_tokens=modalities.output.get("audio", 0),
        text_tokens=modalities.output.get("text", 0),
    )
