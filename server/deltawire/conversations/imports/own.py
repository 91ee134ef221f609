"""Read a conversation of this server's own export."""

from contextlib import suppress
from typing import Any

import msgspec

from deltawire.conversations.imports.read import (
    Imported,
    ImportedMessage,
    NotReadable,
    check_number,
    text_at,
    time_of,
    title_at,
    with_answered,
    word_of,
)
from deltawire.conversations.texts import new_id
from deltawire.protocol.chat_request import ConversationSettings
from deltawire.protocol.errors import TABLE


def from_own(found: dict[str, Any], folders: dict[str, str]) -> Imported:
    """Return a conversation. Raise `NotReadable`. Fields of a later version are left out.

    `folders` has the names of folders by their ids in the export.
    """
    messages = found.get("messages")
    if not isinstance(messages, list):
        raise NotReadable(".messages must be a list of messages.")
    check_number(".messages", len(messages))
    names: dict[str, str] = {}
    read = []
    for number, each in enumerate(messages):
        path = f".messages[{number}]"
        if not isinstance(each, dict):
            raise NotReadable(f"{path} must be a message.")
        read.append(_message(path, each, names))
    created = time_of(found.get("created"), read[0].created if read else None)
    updated = max(created, time_of(found.get("updated"), created))
    return Imported(
        title=title_at(".title", found.get("title")),
        created=created,
        updated=updated,
        pinned=found.get("pinned") is True,
        archived=found.get("archived") is True,
        folder=folders.get(str(found.get("folder"))),
        settings=_settings(found.get("settings")),
        messages=with_answered(read),
    )


def _settings(found: Any) -> dict[str, Any]:
    """Return those of the settings that this version accepts."""
    accepted: dict[str, Any] = {}
    for name in ConversationSettings.__struct_fields__ if isinstance(found, dict) else ():
        with suppress(msgspec.ValidationError):
            accepted[name] = getattr(msgspec.convert({name: found.get(name)}, ConversationSettings), name)
    return accepted


def _message(path: str, found: dict[str, Any], names: dict[str, str]) -> ImportedMessage:
    """Return a message; `names` are the new ids of those before it, by their own."""
    role = found.get("role")
    if role not in ("user", "model"):
        raise NotReadable(f'{path}.role must be "user" or "model".')
    own, parent = text_at(f"{path}.id", found.get("id")), found.get("parent")
    if own in names:
        raise NotReadable(f"{path}.id stands twice.")
    if parent is not None and (not isinstance(parent, str) or parent not in names):
        raise NotReadable(f"{path}.parent must be the id of a message before it, or null.")
    names[own] = new_id()
    error = word_of(found.get("error"))
    return ImportedMessage(
        id=names[own],
        parent=None if parent is None else names[parent],
        role=role,
        text=text_at(f"{path}.text", found.get("text")),
        thoughts=text_at(f"{path}.thoughts", found.get("thoughts") or ""),
        model=word_of(found.get("model")),
        finish_reason=word_of(found.get("finish_reason")),
        error=error if error in TABLE else None,
        created=time_of(found.get("created")),
    )
