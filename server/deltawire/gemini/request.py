"""The body of a request to Gemini's REST API. No I/O.

`tests/server/gemini/test_client.py` compares this body with the one that google-genai builds from the same
arguments.
"""

from deltawire.gemini.built_in import built_in_tools
from deltawire.gemini.models import MAX_OUTPUT_TOKENS, family_of
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage


def request_body(model: str, request: ChatRequest, history: list[HistoryMessage]) -> dict[str, object]:
    """Return the JSON of a `:streamGenerateContent` call; settings that the client left out are left out."""
    family = family_of(model)
    said: list[tuple[str, str]] = [(message.role, message.text) for message in history if message.text]
    said.append(("user", request.message))
    if request.system and not family.takes_system:
        said = _with_system_before(said, request.system)
    body: dict[str, object] = {"contents": [{"role": role, "parts": [{"text": text}]} for role, text in said]}
    if tools := built_in_tools(request):
        body["tools"] = tools
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


def _with_system_before(said: list[tuple[str, str]], system: str) -> list[tuple[str, str]]:
    """Return the messages with the system instruction before the user's first message."""
    role, text = said[0]
    if role != "user":
        return [("user", system), *said]
    return [(role, f"{system}\n\n{text}"), *said[1:]]
