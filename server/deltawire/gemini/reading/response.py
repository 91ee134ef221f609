"""Decode one payload of the provider's response: strictly where possible, loosely where not."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from deltawire.gemini.reading.loose_json import dumps, loads
from deltawire.protocol.errors import Failure

Count = Annotated[int, Meta(ge=0, le=2**53)]

# The structs below are created with each chunk and hold no reference cycles: the garbage collector need not track them.


class Part(Struct, rename="camel", gc=False):
    """One part of a candidate's content. Calls, code and media have no text."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: Any = None
    executable_code: Any = None
    code_execution_result: Any = None
    inline_data: Any = None


class Content(Struct, gc=False):
    """The content of a candidate."""

    parts: list[Part | None] | None = None


class Candidate(Struct, rename="camel", gc=False):
    """One answer; this server requests only one."""

    content: Content | None = None
    finish_reason: Any = None
    """The name of an enum value; some gateways send its number."""
    grounding_metadata: Any = None
    url_context_metadata: Any = None


class PromptFeedback(Struct, rename="camel", gc=False):
    """The provider's feedback on the prompt."""

    block_reason: Any = None
    """The name of an enum value; some gateways send its number."""
    safety_ratings: Any = None


class UsageMetadata(Struct, rename="camel", gc=False):
    """Running totals. Google leaves out a count that is 0, and some others."""

    prompt_token_count: Count | None = None
    candidates_token_count: Count | None = None
    thoughts_token_count: Count | None = None
    tool_use_prompt_token_count: Count | None = None
    cached_content_token_count: Count | None = None
    total_token_count: Count | None = None
    # Read only when the counts are: to decode them with every chunk would cost three times as much.
    prompt_tokens_details: Raw = Raw()
    candidates_tokens_details: Raw = Raw()
    tool_use_prompt_tokens_details: Raw = Raw()
    cache_tokens_details: Raw = Raw()

    @property
    def has_details(self) -> bool:
        """True where the provider sent counts by modality."""
        prompt_details = self.prompt_tokens_details or self.tool_use_prompt_tokens_details or self.cache_tokens_details
        return (prompt_details or self.candidates_tokens_details) != b""

    def release_payload(self) -> None:
        """Copy the details: they would keep the payload, which may hold a picture, in memory."""
        for name in _DETAILS:
            setattr(self, name, getattr(self, name).copy())


_DETAILS: Final = tuple(name for name in UsageMetadata.__struct_fields__ if name.endswith("_tokens_details"))
"""The fields of the counts by modality."""


class GenerateContentResponse(Struct, rename="camel", gc=False):
    """One event of the stream, named as Google names it. One payload may hold several."""

    candidates: list[Candidate | None] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    error: Any = None


decode = msgspec.json.Decoder(GenerateContentResponse, strict=False).decode
UNREADABLE_EVENT: Final = "unreadable"
"""The cause of the failure for an event that is no JSON."""
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def events_in(payload: bytes) -> list[dict[str, Any]]:
    """Return the events of a payload that `decode` rejects: a list of events, NaN, surrogate halves, unknown shapes.

    Return nothing for a payload that is neither a JSON object nor a list of them: it is a marker of the transport, such
    as `[DONE]`. Raise `Failure` for an object that cannot be read: it is an incomplete event.
    """
    stripped = payload.strip()
    if not stripped.startswith(b"{") and not (stripped.startswith(b"[") and stripped[1:].lstrip().startswith(b"{")):
        return []
    try:
        value = loads(stripped)
    except (ValueError, RecursionError):
        raise _unreadable() from None
    return [event for event in (value if isinstance(value, list) else [value]) if isinstance(event, dict)]


def decode_event(event: dict[str, Any]) -> tuple[bytes, GenerateContentResponse]:
    """Return an event as strict JSON, and decoded; raise `Failure` where that fails.

    A field beside `candidates` in an unknown shape is skipped: the text matters more.
    """
    try:
        payload = dumps(event)
        try:
            return payload, decode(payload)
        except msgspec.ValidationError:
            payload = dumps({name: field for name, field in event.items() if _is_known(name, field)})
            return payload, decode(payload)
    except UNREADABLE:
        raise _unreadable() from None


def _is_known(name: str, field: Any) -> bool:
    if name == "candidates":
        return True
    try:
        decode(dumps({name: field}))
    except msgspec.ValidationError:
        return False
    return True


def _unreadable() -> Failure:
    return Failure("upstream_truncated", "The provider's answer could not be read.", cause=UNREADABLE_EVENT)
