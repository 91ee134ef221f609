"""A turn's request as Gemini's REST API takes it. No I/O.

`tests/server/gemini/test_client.py` compares this body with the one that google-genai builds from the same
arguments.
"""

from typing import Any, Final

from deltawire.protocol.frames import ChatRequest, HistoryMessage

_BUDGETS: Final = {"low": 1_024, "medium": 8_192, "high": 24_576}
_LEAST_BUDGET_OF_PRO: Final = 128


def request_body(model: str, request: ChatRequest, history: list[HistoryMessage]) -> dict[str, object]:
    """The JSON of a `:streamGenerateContent` call; settings that the client left out are left out."""
    contents = [_content(message.role, message.text) for message in history if message.text]
    body: dict[str, object] = {"contents": [*contents, _content("user", request.message)]}
    if request.system:
        body["systemInstruction"] = {"parts": [{"text": request.system}]}
    generation = {
        "temperature": request.temperature,
        "topP": request.top_p,
        "maxOutputTokens": None if request.max_output_tokens is None else int(request.max_output_tokens),
        "stopSequences": request.stop,
        "thinkingConfig": _thinking(model, request.thinking) if request.thinking else None,
    }
    config = {name: value for name, value in generation.items() if value is not None}
    if config:
        body["generationConfig"] = config
    return body


def _content(role: str, text: str) -> dict[str, object]:
    return {"role": role, "parts": [{"text": text}]}


def _thinking(model: str, effort: str) -> dict[str, Any] | None:
    """Gemini 2.5 takes a budget in tokens, later models a level; earlier ones do not think.

    `off` is the least that a model allows: no Pro model can be kept from thinking.
    """
    shown = {"includeThoughts": effort != "off"}
    is_pro = "pro" in model
    if model.startswith(("gemini-1", "gemini-2.0", "gemma")):
        return None
    if model.startswith("gemini-2.5"):
        least = _LEAST_BUDGET_OF_PRO if is_pro else 0
        return {**shown, "thinkingBudget": _BUDGETS.get(effort, least)}
    if effort == "off":
        return {**shown, "thinkingLevel": "LOW" if is_pro else "MINIMAL"}
    if effort == "medium" and model.startswith("gemini-3-pro"):  # it knows low and high only
        return {**shown, "thinkingLevel": "HIGH"}
    return {**shown, "thinkingLevel": effort.upper()}
