"""The settings of a conversation: their stored form, and their use in its turns."""

from collections.abc import Container
from typing import Any, Final

import msgspec
from msgspec.structs import asdict

from deltawire.protocol.chat_request import ChatRequest, ConversationSettings

_NAMES: Final = ConversationSettings.__struct_fields__
_strict = msgspec.json.Decoder(ConversationSettings).decode


def as_stored(settings: dict[str, Any]) -> str:
    """Return settings as they are stored: JSON of those that are set."""
    return msgspec.json.encode({name: value for name, value in settings.items() if value is not None}).decode()


def merged(request: ChatRequest, stored: str, tools: Container[str] = ()) -> ChatRequest:
    """Return a request with the stored settings where it has none of its own.

    Of the stored tools only those of `tools` are used: the operator may have allowed others before.
    """
    own = asdict(_read(stored))
    if own["tools"]:
        own["tools"] = [tool for tool in own["tools"] if tool in tools]
    missing = {name: own[name] for name in _NAMES if getattr(request, name) is None and own[name] is not None}
    return msgspec.structs.replace(request, **missing) if missing else request


def _read(stored: str) -> ConversationSettings:
    """Return stored settings, without what an earlier version took and this one does not: long stop strings."""
    try:
        return _strict(stored)
    except msgspec.ValidationError:
        return msgspec.convert({**msgspec.json.decode(stored), "stop": None}, ConversationSettings)


def changed(stored: str, changes: dict[str, Any]) -> str:
    """Return stored settings with these changes; None removes one."""
    return as_stored({**msgspec.json.decode(stored), **changes})
