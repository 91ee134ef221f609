"""The settings that each family of models takes; docs/reference/upstream.md shows the same table."""

import re
from typing import Any

import pytest
from support.paths import DOCS

from deltawire.gemini.models import FAMILIES, MAX_OUTPUT_TOKENS, ModelFamily, family_of
from deltawire.gemini.request import request_body
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage

LEVELS: dict[str, tuple[Any, Any, Any, Any]] = {
    # model: what off, low, medium and high become
    "gemini-flash-latest": ("LOW", "LOW", "MEDIUM", "HIGH"),
    "gemini-pro-latest": ("LOW", "LOW", "MEDIUM", "HIGH"),
    "gemini-4-flash": ("LOW", "LOW", "MEDIUM", "HIGH"),
    "gemini-9.9-ultra-preview": ("LOW", "LOW", "MEDIUM", "HIGH"),
    "gemini-3.8-flash": ("LOW", "LOW", "MEDIUM", "HIGH"),
    "gemini-3.7-flash": ("LOW", "LOW", "MEDIUM", "HIGH"),
    "gemini-3.1-pro-preview": ("LOW", "LOW", "MEDIUM", "HIGH"),
    "gemini-3-pro-preview": ("LOW", "LOW", "HIGH", "HIGH"),
    "gemini-3-flash-preview": ("MINIMAL", "LOW", "MEDIUM", "HIGH"),
    "gemini-3.5-flash": ("MINIMAL", "LOW", "MEDIUM", "HIGH"),
    "gemini-3.5-flash-lite": ("MINIMAL", "LOW", "MEDIUM", "HIGH"),
    "gemini-3.1-flash-lite-preview": ("MINIMAL", "LOW", "MEDIUM", "HIGH"),
    "gemini-3.1-flash-image": ("MINIMAL", "MINIMAL", "HIGH", "HIGH"),
    "gemini-3-pro-image-preview": ("shown", "shown", "shown", "shown"),
    "gemini-3.5-flash-image": ("shown", "shown", "shown", "shown"),
    "gemini-2.5-pro": (128, 1_024, 8_192, 24_576),
    "gemini-2.5-flash": (0, 1_024, 8_192, 24_576),
    "gemini-2.5-flash-lite": (0, 1_024, 8_192, 24_576),
    "gemini-2.5-flash-image": (None, None, None, None),
    "gemini-2.5-pro-preview-tts": (None, None, None, None),
    "gemini-2.0-flash": (None, None, None, None),
    "gemini-1.5-pro": (None, None, None, None),
    "gemma-3-27b-it": (None, None, None, None),
    "gemma-3n-e4b-it": (None, None, None, None),
    "gemma-4-31b-it": (None, None, None, None),
}
EFFORTS = ("off", "low", "medium", "high")


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("model", LEVELS)
def test_thinking_is_asked_for_as_the_family_takes_it(model: str, effort: str) -> None:
    wanted = LEVELS[model][EFFORTS.index(effort)]
    config: dict[str, Any] = {"includeThoughts": effort != "off"}
    if isinstance(wanted, int):
        config["thinkingBudget"] = wanted
    elif wanted != "shown":
        config["thinkingLevel"] = wanted
    assert family_of(model).thinking(effort) == (config if wanted is not None else None)


def test_a_model_that_takes_no_system_instruction_reads_it_before_the_first_message() -> None:
    request = ChatRequest(message="now", system="Be brief.")
    history = [HistoryMessage("user", "first"), HistoryMessage("model", "answer")]
    body: Any = request_body("gemma-3-27b-it", request, history)
    assert "systemInstruction" not in body
    assert [content["parts"][0]["text"] for content in body["contents"]] == ["Be brief.\n\nfirst", "answer", "now"]
    begun_by_the_model: Any = request_body("gemma-3-27b-it", request, history[1:])
    assert [content["role"] for content in begun_by_the_model["contents"]] == ["user", "model", "user"]
    assert begun_by_the_model["contents"][0]["parts"] == [{"text": "Be brief."}]


def test_more_output_than_a_model_gives_at_once_is_not_asked_for() -> None:
    body: Any = request_body("m", ChatRequest(message="hi", max_output_tokens=2_000_000), [])
    assert body["generationConfig"] == {"maxOutputTokens": MAX_OUTPUT_TOKENS}
    assert MAX_OUTPUT_TOKENS == 65_536


def test_the_docs_show_the_table() -> None:
    cells = r" \| (.+?)" * 7
    page = (DOCS / "reference" / "upstream.md").read_text()
    rows = re.findall(rf"^\| `(\S+)`{cells} \|$", page, re.MULTILINE)
    assert [(names.replace("\\|", "|"), *rest) for names, *rest in rows] == [_row(family) for family in FAMILIES]


def _row(family: ModelFamily) -> tuple[str, ...]:
    thinking, off = "nothing", "not sent"
    if family.levels:
        thinking, off = f"a level: {', '.join(family.levels)}", family.levels[0]
    elif family.least_budget is not None:
        thinking, off = "a budget", f"{family.least_budget} tokens"
    elif family.shows_thoughts:
        thinking, off = "whether thoughts are shown", "not shown"
    system = "yes" if family.takes_system else "no: before the first message"
    others = [("no", "yes")[takes] for takes in (family.takes_functions, family.takes_schema, family.mixes)]
    return family.names, thinking, off, system, ", ".join(family.tools) or "none", *others
