"""A conversation as a Markdown document."""

from server.conversations.records import ConversationTree, Message
from server.errors import Failure

_SPEAKERS = {"user": "You", "model": "Gemini"}


def markdown(tree: ConversationTree, leaf: str | None) -> str:
    """The branch that ends in this message, or in the newest one; raise `Failure` (`not_found`) where it is not."""
    parts = [f"# {tree.title or 'Conversation'}"]
    for message in branch(tree, leaf):
        speaker = message.model or _SPEAKERS[message.role]
        parts.append(f"## {speaker}\n\n{message.text}".rstrip())
        if message.error is not None or message.finish_reason not in (None, "stop"):
            parts.append(f"*Ended early: {message.error or message.finish_reason}.*")
    return "\n\n".join(parts) + "\n"


def branch(tree: ConversationTree, leaf: str | None) -> list[Message]:
    """The messages from the first one down to this one, or to the newest."""
    by_id = {message.id: message for message in tree.messages}
    if leaf is None:
        leaf = tree.messages[-1].id if tree.messages else None
    elif leaf not in by_id:
        raise Failure("not_found", "There is no such message in this conversation.", field="message")
    found = []
    while leaf is not None:
        found.append(by_id[leaf])
        leaf = by_id[leaf].parent
    return found[::-1]
