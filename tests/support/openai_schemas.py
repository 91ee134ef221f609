"""OpenAI's published schemas, as far as this server's answers go: from openai/openai-openapi on GitHub, MIT.

`python -m support.openai_schemas openapi.json` makes `openai/schemas.json` anew from a copy of that document.
"""

import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema_rs

_FILE: Final = Path(__file__).parent / "openai" / "schemas.json"
_COMMIT: Final = "f85dbe223d40e1a31cba812ab2d755c7e98a92a3"
_ROOTS: Final = {
    "CreateChatCompletionResponse",
    "CreateChatCompletionStreamResponse",
    "ErrorResponse",
    "ListModelsResponse",
    "Model",
    "Response",
}
_EVENTS: Final = {
    "ResponseCompletedEvent",
    "ResponseContentPartAddedEvent",
    "ResponseContentPartDoneEvent",
    "ResponseCreatedEvent",
    "ResponseErrorEvent",
    "ResponseFailedEvent",
    "ResponseFunctionCallArgumentsDeltaEvent",
    "ResponseFunctionCallArgumentsDoneEvent",
    "ResponseInProgressEvent",
    "ResponseIncompleteEvent",
    "ResponseOutputItemAddedEvent",
    "ResponseOutputItemDoneEvent",
    "ResponseReasoningSummaryPartAddedEvent",
    "ResponseReasoningSummaryPartDoneEvent",
    "ResponseReasoningSummaryTextDeltaEvent",
    "ResponseReasoningSummaryTextDoneEvent",
    "ResponseTextDeltaEvent",
    "ResponseTextDoneEvent",
}
_KEPT: Final = {
    "OutputItem": {"FunctionToolCall", "OutputMessage", "ReasoningItem"},
    "ResponseStreamEvent": _EVENTS,
    "Tool": {"FunctionTool"},
    "InputItem": {"EasyInputMessage"},
}
"""Of these choices, the branches that this server's answers may be."""
_WORDS: Final = ("description", "example", "examples", "title", "default")
_PREFIX: Final = "#/components/schemas/"


@cache
def validator(name: str) -> jsonschema_rs.Validator:
    """The validator of one of the schemas."""
    document = json.loads(_FILE.read_text())
    return jsonschema_rs.validator_for({"$ref": _PREFIX + name, "components": document["components"]})


def reduced(document: dict[str, Any]) -> dict[str, Any]:
    """The schemas that the answers need, without words for people."""
    schemas = document["components"]["schemas"]
    kept: dict[str, Any] = {}
    wanted = {*_ROOTS, "ResponseStreamEvent"}
    while wanted:
        name = wanted.pop()
        schema = _without_words(schemas[name])
        for choice in ("anyOf", "oneOf"):
            if name in _KEPT and choice in schema:
                schema[choice] = [branch for branch in schema[choice] if _names(branch) & _KEPT[name]]
        schema.pop("discriminator", None)
        kept[name] = schema
        wanted |= _names(schema) - kept.keys()
    source = f"openai/openai-openapi at {_COMMIT}, openapi.json; reduced. The licence stands beside it."
    return {"$comment": source, "components": {"schemas": dict(sorted(kept.items()))}}


def _names(schema: Any) -> set[str]:
    return set(_references(schema))


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix(_PREFIX)
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _without_words(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_words(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for name, value in schema.items():
        if name == "properties":  # its names are those of fields
            kept[name] = {field: _without_words(rule) for field, rule in value.items()}
        elif name not in _WORDS and not name.startswith("x-"):
            kept[name] = _without_words(value)
    # A word of OpenAPI 3.0, which the document has kept in places.
    return {"anyOf": [kept, {"type": "null"}]} if kept.pop("nullable", False) is True else kept


if __name__ == "__main__":
    made = reduced(json.loads(Path(sys.argv[1]).read_text()))
    lines = [f"{json.dumps(name)}: {json.dumps(schema)}" for name, schema in made["components"]["schemas"].items()]
    head = json.dumps(made["$comment"])
    _FILE.write_text(f'{{"$comment": {head},\n"components": {{"schemas": {{\n' + ",\n".join(lines) + "\n}}}\n")
