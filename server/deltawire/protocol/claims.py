"""Read what a refused frame says of itself, so that its client can tell which frame was refused."""

import re
from typing import Final, NamedTuple

from deltawire.protocol.chat_request import TURN_ID
from deltawire.protocol.decoding import Unreadable, has_lone_surrogate
from deltawire.protocol.frames import MAX_REF_CHARS, type_tag

_turn_id = re.compile(TURN_ID)
_BEGINNING_CHARS: Final = 512
_beginning = re.compile(
    r'\s*\{\s*(?:"type"\s*:\s*"(\w+)"\s*,\s*)?"id"\s*:\s*"([^"\\]{1,64})"(?:\s*,\s*"type"\s*:\s*"(\w+)")?'
)
"""The beginning of a frame whose first fields are `type` and `id`."""


class ClaimedId(NamedTuple):
    """The turn id that a refused frame names."""

    id: str | None
    """None where it names none that is valid."""
    is_chat: bool = False
    """True for a frame that wanted to start this turn."""


def claimed_id(failure: Unreadable, text: str | bytes) -> ClaimedId:
    """Return the turn id that a refused frame names. Of a long frame only the beginning is read a second time."""
    frame = failure.value
    if frame is None:
        start = text[:_BEGINNING_CHARS]
        found = _beginning.match(start.decode(errors="replace") if isinstance(start, bytes) else start)
        frame = None if found is None else {type_tag: found[1] or found[3], "id": found[2]}
    name = frame.get("id") if isinstance(frame, dict) else None
    if not isinstance(name, str) or not _turn_id.match(name):
        return ClaimedId(None)
    return ClaimedId(name, is_chat=frame.get(type_tag) == "chat")


def claimed_ref(failure: Unreadable) -> str | None:
    """Return the `ref` of a refused `chat` frame; None where it has none that is valid, and for a long frame."""
    frame = failure.value
    ref = frame.get("ref") if isinstance(frame, dict) and frame.get(type_tag) == "chat" else None
    if not isinstance(ref, str) or not 1 <= len(ref) <= MAX_REF_CHARS:
        return None
    return None if has_lone_surrogate(ref) else ref
