"""Read a conversation of ChatGPT's export, `conversations.json`.

Its `mapping` is a tree of nodes, of which many hold no message of a person or the model: the root, system messages,
calls of tools. The parent of a message is the nearest one that is kept. Several answers in a row become one, as people
saw them.
"""

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from deltawire.conversations.imports.chatgpt_text import text_of
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

_ROLES: Final = {"user": "user", "assistant": "model"}
_MAX_JOINED: Final = 50
"""Messages in a row that become one."""
_MAX_CHARS: Final = 2**25
"""Characters of a conversation, as many as the bytes that one may hold by default."""
_TO_ALL: Final = (None, "all")


def from_chatgpt(found: dict[str, Any]) -> Imported:
    """Return a conversation. Raise `NotReadable`."""
    mapping = found["mapping"]
    if not isinstance(mapping, dict) or not all(isinstance(node, dict) for node in mapping.values()):
        raise NotReadable(".mapping must be an object of messages.")
    check_number(".mapping", len(mapping))
    created = time_of(found.get("create_time"))
    imported: dict[str, ImportedMessage] = {}
    below: dict[str, str | None] = {}
    """For each node, the id of the message that its children hang below."""
    joined: dict[str, str] = {}
    """For each message that goes on with another one, the id of that."""
    in_a_row: dict[str, int] = {}
    for name, node in _in_order(mapping, _branch_of(mapping, found.get("current_node"))):
        above = below.get(str(node.get("parent")))
        message = _message(name, node, created)
        if message is None:
            below[name] = above
            continue
        parent = imported[above] if above is not None else None
        row = in_a_row.get(above, 1) if above is not None else 1
        if parent is not None and parent.role == message.role and row < _MAX_JOINED:
            joined[message.id] = parent.id
            in_a_row[message.id] = row + 1
            message = replace(message, parent=parent.parent)
        else:
            message = replace(message, parent=above)
        imported[message.id] = message
        below[name] = message.id
    messages = with_answered(_joined_messages(imported, joined))
    updated = max(created, time_of(found.get("update_time"), created))
    return Imported(
        title=title_at(".title", found.get("title")).strip(),
        created=created,
        updated=updated,
        archived=found.get("is_archived") is True,
        messages=messages,
    )


def _joined_messages(imported: dict[str, ImportedMessage], joined: dict[str, str]) -> list[ImportedMessage]:
    """Return the messages with the texts that they go on with; one that only goes on in another is left out.

    Raise `NotReadable` where they are far longer than what was sent: each of many branches may hold the same text.
    """
    used = {each.parent for each in imported.values()}
    goes_on = set(joined.values())
    messages, chars = [], 0
    for message in imported.values():
        if message.id in goes_on and message.id not in used:
            continue
        texts, name = [message.text], message.id
        while name in joined:
            name = joined[name]
            texts.append(imported[name].text)
        chars += sum(map(len, texts))
        if chars > _MAX_CHARS:
            raise NotReadable(f" must hold at most {_MAX_CHARS:,} characters.")
        messages.append(replace(message, text="\n\n".join(reversed(texts))))
    return messages


def _branch_of(mapping: dict[str, Any], current: Any) -> set[str]:
    """Return the nodes of the branch that people saw last: those from the current one up."""
    branch: set[str] = set()
    while isinstance(current, str) and current in mapping and current not in branch:
        branch.add(current)
        current = mapping[current].get("parent")
    return branch


def _in_order(mapping: dict[str, Any], last: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the nodes, each after its parent; a node in a cycle is left out.

    Of siblings the one in `last` comes last: a chat goes on from its newest answer.
    """
    children: dict[str, list[str]] = {}
    tops = []
    for name, node in mapping.items():
        parent = node.get("parent")
        if isinstance(parent, str) and parent in mapping:
            children.setdefault(parent, []).append(name)
        else:
            tops.append(name)
    waiting = sorted(tops, key=last.__contains__)[::-1]
    while waiting:
        name = waiting.pop()
        yield name, mapping[name]
        waiting += sorted(children.get(name, []), key=last.__contains__)[::-1]


def _message(name: str, node: dict[str, Any], otherwise: float) -> ImportedMessage | None:
    """Return the message of a person or the model in a node; None for a node without one."""
    message = node.get("message")
    if not isinstance(message, dict) or message.get("recipient") not in _TO_ALL:
        return None
    author, content = message.get("author"), message.get("content")
    if not isinstance(author, dict) or not isinstance(content, dict):
        return None
    metadata = message.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    role, text = _ROLES.get(str(author.get("role"))), text_of(content, metadata)
    if role is None or not text.strip() or metadata.get("is_visually_hidden_from_conversation"):
        return None
    return ImportedMessage(
        id=new_id(),
        parent=None,
        role=role,
        text=text_at(f".mapping.{name[:64]}", text),
        model=word_of(metadata.get("model_slug")) if role == "model" else None,
        finish_reason="stop" if role == "model" else None,
        created=time_of(message.get("create_time"), otherwise),
    )
