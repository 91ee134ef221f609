"""The body of a request to Gemini's REST API. No I/O.

`tests/server/gemini/test_client.py` compares this body with the one that google-genai builds from the same
arguments.
"""

from msgspec import Raw

from deltawire.gemini.built_in import built_in_tools
from deltawire.gemini.functions import declarations, signed_again, tool_config
from deltawire.gemini.messages import Exchange, StoredMessage, contents_of
from deltawire.gemini.models import MAX_OUTPUT_TOKENS, family_of
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage

_TextOrParts = tuple[str, str | bytes]
"""A role, and its text or its parts as JSON."""


def request_body(
    model: str, request: ChatRequest, history: list[HistoryMessage], exchange: Exchange = ()
) -> dict[str, object]:
    """Return the JSON of a `:streamGenerateContent` call; settings that the client left out are left out.

    `exchange` comes after the message. It is sent as it came, and so are the parts of stored messages.
    """
    family = family_of(model)
    contents: list[_TextOrParts] = [it for message in history for it in _contents(message, model)] if history else []
    if request.message:
        contents += [("user", request.message)]
    contents += exchange
    if request.system and not family.takes_system:
        contents = _with_system_before(contents, request.system)
    body: dict[str, object] = {
        "contents": [
            {"role": role, "parts": [{"text": content}] if type(content) is str else Raw(content)}
            for role, content in contents
        ]
    }
    if request.tools:
        body["tools"] = [*built_in_tools(request), *declarations(request)]
        body |= tool_config(request, has_called=bool(exchange))
    if request.system and family.takes_system:
        body["systemInstruction"] = {"parts": [{"text": request.system}]}
    longest = request.max_output_tokens
    generation = {
        "temperature": request.temperature,
        "topP": request.top_p,
        "maxOutputTokens": None if longest is None else min(int(longest), MAX_OUTPUT_TOKENS),
        "stopSequences": request.stop,
        "seed": None if request.seed is None else int(request.seed),
        "thinkingConfig": family.thinking(request.thinking) if request.thinking else None,
        "responseMimeType": None if request.response_schema is None else "application/json",
        "responseJsonSchema": request.response_schema,
    }
    config = {name: value for name, value in generation.items() if value is not None}
    if config:
        body["generationConfig"] = config
    return body


def _contents(message: HistoryMessage, model: str) -> list[_TextOrParts]:
    if isinstance(message, StoredMessage) and message.parts is not None:
        contents = contents_of(message.parts)
        if message.signed_for in (None, model):
            return list(contents)
        return [(role, parts if role == "user" else signed_again(parts, model)) for role, parts in contents]
    return [(message.role, message.text)] if message.text else []


def _with_system_before(contents: list[_TextOrParts], system: str) -> list[_TextOrParts]:
    """Return the messages with the system instruction before the user's first message."""
    role, content = contents[0]
    if role != "user" or isinstance(content, bytes):
        return [("user", system), *contents]
    return [(role, f"{system}\n\n{content}"), *contents[1:]]
