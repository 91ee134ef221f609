"""Prints the JSON Schema of the frames, for `make frames` to make src/protocol/frames.ts from."""

import json
import sys
from typing import Any, get_args

import msgspec

from deltawire.api_docs.asyncapi import OPTIONAL
from deltawire.conversations.importing import ImportReport
from deltawire.conversations.library_schemas import FolderList, MadeShare, PromptList, SharedConversation, ShareList
from deltawire.conversations.schemas import Conversation, ConversationPage, ConversationTree, Message
from deltawire.limits.report import UsageReport
from deltawire.protocol.chat_request import ConversationSettings, HistoryMessage, TurnSettings
from deltawire.protocol.frames import FrameDown, FrameUp, Started
from deltawire.protocol.usage_figures import UsageFigures
from deltawire.routes.models import ModelList

UP = get_args(FrameUp)
DOWN = get_args(FrameDown)
_LONGEST_TUPLE = 5
OVER_HTTP = (
    *(ModelList, Conversation, ConversationTree, ConversationPage, UsageReport),
    *(FolderList, PromptList, ShareList, MadeShare, SharedConversation, ImportReport),
)


def schema() -> dict[str, Any]:
    """Return the schema of the frames that a socket accepts and sends, two unions by `type`, and of routes' answers."""
    parts = (*UP, *DOWN, HistoryMessage, UsageFigures, Message, ConversationSettings, TurnSettings, *OVER_HTTP)
    _, definitions = msgspec.json.schema_components(parts, ref_template="#/$defs/{name}")
    for sent in (*DOWN, UsageFigures):  # the server sends every field, also one with its default value, except these
        optional = () if sent is Started else OPTIONAL
        fields = definitions[sent.__name__]["properties"]
        definitions[sent.__name__]["required"] = [field for field in fields if field not in optional]
    for kept in (Conversation, ConversationTree):  # which keep what a `chat` may hold, and nothing else
        definitions[kept.__name__]["properties"]["settings"] = _reference("ConversationSettings")
    for shape in definitions.values():
        for field in shape.get("properties", {}).values():
            _shorten(field)
    definitions["FrameUp"] = _union(UP)
    definitions["FrameDown"] = _union(DOWN)
    roots = {name: _reference(name) for name in ("FrameUp", "FrameDown", *(part.__name__ for part in OVER_HTTP))}
    return {"title": "Wire", "type": "object", "properties": roots, "required": list(roots), "$defs": definitions}


def _shorten(field: dict[str, Any]) -> None:
    """Drop the bounds of a long list: TypeScript would get a tuple for each length."""
    for shape in (field, *field.get("anyOf", ())):
        if shape.get("maxItems", 0) > _LONGEST_TUPLE:
            del shape["maxItems"]
            shape.pop("minItems", None)


def _union(frames: tuple[type, ...]) -> dict[str, Any]:
    return {"oneOf": [_reference(frame.__name__) for frame in frames]}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


if __name__ == "__main__":
    json.dump(schema(), sys.stdout)
