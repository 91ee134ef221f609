"""Read the text of a message of ChatGPT's export, as people saw it. No I/O."""

import re
from collections import deque
from contextlib import suppress
from typing import Any, Final

import msgspec

_TEXTS: Final = frozenset({"text", "multimodal_text", "code"})
"""The types of content that people saw as text."""
_TRANSCRIPT: Final = "audio_transcription"
"""The type of a part that has the words of a voice chat."""
_mark = re.compile("\ue200([^\ue200\ue201]*)\ue201")
"""A mark that ChatGPT's page replaces, such as that of a citation. `content_references` says by what."""
_SEPARATOR: Final = "\ue202"


def text_of(content: dict[str, Any], metadata: dict[str, Any]) -> str:
    """Return the text of a message, without its pictures, sounds and files; "" for one that nobody saw."""
    if content.get("content_type") not in _TEXTS:
        return ""
    parts = content.get("parts")
    if not isinstance(parts, list):
        parts = [content.get("text")]
    text = "\n\n".join(filter(None, map(_text_of_part, parts)))
    return _without_marks(text, metadata.get("content_references")) if "\ue200" in text else text


def _text_of_part(part: Any) -> str:
    if isinstance(part, dict) and part.get("content_type") == _TRANSCRIPT:
        part = part.get("text")
    return part if isinstance(part, str) else ""


def _without_marks(text: str, references: Any) -> str:
    """Return a text with the words that people saw in place of each mark. Each reference is that of one mark."""
    words: dict[str, deque[str]] = {}
    for each in references if isinstance(references, list) else ():
        if isinstance(each, dict) and isinstance(each.get("matched_text"), str) and isinstance(each.get("alt"), str):
            words.setdefault(each["matched_text"], deque()).append(each["alt"])

    def shown(mark: re.Match[str]) -> str:
        alternatives = words.get(mark[0])
        return alternatives.popleft() if alternatives else _name_in(mark[1])

    return _mark.sub(shown, text)


def _name_in(mark: str) -> str:
    """Return the name of a person or a thing in its mark; "" for another mark."""
    kind, _, value = mark.partition(_SEPARATOR)
    if kind == "entity":
        with suppress(msgspec.DecodeError, RecursionError):
            match msgspec.json.decode(value):
                case [_, str(name), *_]:
                    return name
    return ""
