"""Prints the JSON Schema of the frames, for `make frames` to make src/protocol/frames.ts from."""

import json
import sys
from typing import Any

import msgspec

from deltawire.conversations.schemas import Conversation, ConversationPage, ConversationTree, Message
from deltawire.limits.report import UsageReport
from deltawire.protocol.frames import (
    Auth,
    Cancel,
    Chat,
    Delta,
    ErrorFrame,
    HistoryMessage,
    Resume,
    Spent,
    Started,
    Thought,
    TurnSettings,
    Usage,
)
from deltawire.routes.models import ModelList

UP = (Chat, Cancel, Resume, Auth)
DOWN = (Started, Delta, Thought, Usage, ErrorFrame)
OVER_HTTP = (ModelList, Conversation, ConversationTree, ConversationPage, UsageReport)


def schema() -> dict[str, Any]:
    """What a socket takes and sends, each a union told apart by `type`, and what routes answer."""
    parts = (*UP, *DOWN, HistoryMessage, Spent, Message, TurnSettings, *OVER_HTTP)
    _, definitions = msgspec.json.schema_components(parts, ref_template="#/$defs/{name}")
    for sent in (*DOWN, Spent):  # the server leaves no field out, whatever its default, but a number without grace
        fields = definitions[sent.__name__]["properties"]
        definitions[sent.__name__]["required"] = [field for field in fields if sent is Started or field != "seq"]
    for kept in (Conversation, ConversationTree):  # which keep what a `chat` may hold, and nothing else
        definitions[kept.__name__]["properties"]["settings"] = _reference("TurnSettings")
    definitions["FrameUp"] = _union(UP)
    definitions["FrameDown"] = _union(DOWN)
    roots = {name: _reference(name) for name in ("FrameUp", "FrameDown", *(part.__name__ for part in OVER_HTTP))}
    return {"title": "Wire", "type": "object", "properties": roots, "required": list(roots), "$defs": definitions}


def _union(frames: tuple[type, ...]) -> dict[str, Any]:
    return {"oneOf": [_reference(frame.__name__) for frame in frames]}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


if __name__ == "__main__":
    json.dump(schema(), sys.stdout)
