"""A conversation as a Markdown document."""

import re
from typing import Final

from deltawire.conversations.schemas import ConversationTree, Message
from deltawire.protocol.errors import Failure

_SPEAKERS: Final = {"user": "You", "model": "Gemini"}
_fence = re.compile(r"^ {0,3}(`{3,}(?=[^`\n]*$)|~{3,})[ \t]*(.*)$", re.MULTILINE)
"""The line of a code fence, and what stands behind it."""


def markdown(tree: ConversationTree, leaf: str) -> str:
    """The branch that ends in this message, or in the newest where none is named; raise `Failure` (`not_found`)."""
    parts = [f"# {' '.join(tree.title.split()) or 'Conversation'}"]
    for message in branch(tree, leaf):
        speaker = message.model or _SPEAKERS[message.role]
        parts.append(f"## {speaker}\n\n{message.text}".rstrip() + _open_fence(message.text))
        if message.error is not None or message.finish_reason not in (None, "stop"):
            parts.append(f"*Ended early: {message.error or message.finish_reason}.*")
    return "\n\n".join(parts) + "\n"


def _open_fence(text: str) -> str:
    """What ends the code block that a text leaves open: all that follows would be code."""
    fence = ""
    for mark, behind in _fence.findall(text):
        if not fence:
            fence = mark
        elif mark.startswith(fence) and not behind:
            fence = ""
    return fence and f"\n{fence}"


def branch(tree: ConversationTree, leaf: str) -> list[Message]:
    """The messages from the first one down to the last."""
    by_id = {message.id: message for message in tree.messages}
    if leaf and leaf not in by_id:
        raise Failure("not_found", "There is no such message in this conversation.", field="message")
    message = by_id.get(leaf) or next(reversed(tree.messages), None)
    found = []
    while message is not None:
        found.append(message)
        message = by_id.get(message.parent or "")
    return found[::-1]
