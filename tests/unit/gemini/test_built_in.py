"""The tools and schemas that a request may ask of a model, and the form in which they are asked for."""

import json
import tracemalloc
from typing import Any

import pytest

from deltawire.gemini.catalog import ModelCatalog
from deltawire.gemini.functions import check_functions
from deltawire.gemini.request import request_body
from deltawire.gemini.schema import check_nesting, check_schema
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.tools import BuiltInTool, FunctionTool

F = FunctionTool("f")
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"pattern": {"type": "string"}}, "required": ["pattern"]}
ALL: tuple[BuiltInTool, ...] = ("search", "url_context", "code")


def models(request: ChatRequest, *, vertex: bool = False, tools: tuple[BuiltInTool, ...] = ALL) -> tuple[str, ...]:
    fallbacks = ("gemini-2.5-flash", "gemini-3-flash")
    catalog = ModelCatalog(models=(), default="m", fallbacks=fallbacks, any=True, tools=tools, vertex=vertex)
    return catalog.models_of(request)


def refused(request: ChatRequest, **catalog: Any) -> tuple[str, str | None]:
    with pytest.raises(Failure) as caught:
        models(request, **catalog)
    assert caught.value.code == "invalid_frame"
    return caught.value.message, caught.value.field


def ask(model: str, tools: Any = None, schema: Any = None) -> ChatRequest:
    return ChatRequest(message="hi", model=model, tools=tools, response_schema=schema)


@pytest.mark.parametrize(
    "request_, vertex",
    [
        (ask("gemini-3.5-flash", [*ALL, F], SCHEMA), False),
        (ask("gemini-9-flash", [*ALL, F], SCHEMA), False),
        (ask("a-gateways-own", ["search", F]), False),
        (ask("gemini-2.5-pro", [*ALL]), True),
        (ask("gemini-2.5-pro", [F]), True),
        (ask("gemini-2.5-pro", None, SCHEMA), True),
        (ask("gemini-3-flash", [*ALL], SCHEMA), True),
        (ask("gemini-3-pro-image-preview", ["search"]), False),
    ],
)
def test_what_goes_together_is_asked(request_: ChatRequest, *, vertex: bool) -> None:
    assert models(request_, vertex=vertex)[0] == request_.model


@pytest.mark.parametrize(
    "request_, vertex, field, words",
    [
        (ask("gemini-2.5-flash", ["search", F]), False, "tools", "functions together with search"),
        (ask("gemini-2.5-flash", ["search", F]), False, "tools", "ask Gemini 3 or newer"),
        (ask("gemini-3.5-flash", ["search", "code", F]), True, "tools", "Vertex AI does not take functions together"),
        (ask("gemini-2.5-flash", [F], SCHEMA), False, "response_schema", "ask Gemini 3 or newer"),
        (ask("gemini-2.5-flash", ["search"], SCHEMA), False, "response_schema", "ask Gemini 3 or newer"),
        (ask("gemini-2.0-flash", ["url_context"]), False, "tools", "It takes search and code."),
        (ask("gemma-3-27b-it", ["search"]), False, "tools", "gemini-flash-latest"),
        (ask("gemma-3-27b-it", [F]), False, "tools", "does not take functions"),
        (ask("gemini-2.5-flash-image", None, SCHEMA), False, "response_schema", "does not answer in JSON"),
    ],
)
def test_what_does_not_is_refused_and_told_what_would(
    request_: ChatRequest, *, vertex: bool, field: str, words: str
) -> None:
    message, named = refused(request_, vertex=vertex)
    assert named == field
    assert words in message


def test_a_tool_that_the_operator_does_not_allow_is_refused_by_name() -> None:
    request = ask("gemini-3.5-flash", ["search", "code"])
    assert refused(request, tools=("search",)) == ("tools: this server does not offer code; it offers search.", "tools")
    assert refused(request, tools=()) == ("tools: this server does not offer search; it offers none.", "tools")
    assert models(ask("gemini-3.5-flash", [F]), tools=())


def test_a_fallback_that_does_not_take_the_tools_is_not_asked() -> None:
    assert models(ask("gemini-3.5-flash", ["search", F])) == ("gemini-3.5-flash", "gemini-3-flash")
    assert len(models(ask("gemini-3.5-flash", ["search"]))) == 3


def test_tools_and_schema_are_asked_for_in_the_providers_words() -> None:
    body: Any = request_body("gemini-3.5-flash", ask("m", ["code", "search", "url_context", "search"], SCHEMA), [])
    assert body["tools"] == [{"codeExecution": {}}, {"googleSearch": {}}, {"urlContext": {}}]
    assert body["generationConfig"] == {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    assert "tools" not in request_body("gemini-3.5-flash", ask("m", []), [])


@pytest.mark.parametrize(
    "schema, path",
    [
        ({"oneOf": []}, "oneOf"),
        ({"type": "string", "pattern": "x"}, "pattern"),
        ({"properties": {"a": {"items": {"allOf": []}}}}, "properties.a.items.allOf"),
        ({"anyOf": [{"type": "null"}, {"not": {}}]}, "anyOf[1].not"),
        ({"$defs": {"D": {"additionalProperties": {"const": 1}}}}, "$defs.D.additionalProperties.const"),
        ({"prefixItems": [{"minLength": 1}]}, "prefixItems[0].minLength"),
        ({"properties": []}, "properties"),
        ({"properties": {"a": 3}}, "properties.a"),
        ({"anyOf": {}}, "anyOf"),
    ],
)
def test_a_keyword_that_the_provider_does_not_take_is_refused_by_its_path(schema: Any, path: str) -> None:
    _, field = refused(ask("gemini-3.5-flash", None, schema))
    assert field == f"response_schema.{path}"


def test_a_schema_may_hold_what_the_provider_takes_and_remarks() -> None:
    tree = {"$ref": "#/$defs/Tree"}
    check_schema(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$defs": {"Tree": {"type": "object", "properties": {"not": tree, "default": {"type": ["string", "null"]}}}},
            "type": "object",
            "properties": {
                "tree": tree,
                "size": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3, "examples": [1]},
                "kind": {"enum": ["pattern", {"oneOf": 1}], "description": "one of"},
                "list": {"type": "array", "prefixItems": [True], "items": False, "minItems": 1, "maxItems": 2},
            },
            "additionalProperties": False,
            "required": ["tree"],
            "propertyOrdering": ["tree", "size"],
        },
        "response_schema",
    )


def test_a_schema_of_any_depth_is_checked() -> None:
    schema: dict[str, Any] = {"oneOf": []}
    for _ in range(5_000):
        schema = {"items": schema}
    with pytest.raises(Failure) as caught:
        check_schema(schema, "response_schema")
    assert len(caught.value.field or "") < 200


def test_a_schema_has_a_bound_of_depth_and_of_size() -> None:
    deep: Any = {"type": "string"}
    for _ in range(101):
        deep = {"type": "object", "properties": {"a": deep}}
    wide = {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(5_000)}}
    for schema, bound in ((deep, "200 levels deep"), (wide, "at most 5,000 objects and lists")):
        with pytest.raises(Failure) as refused:
            check_schema(schema, "response_schema")
        assert (refused.value.code, refused.value.field) == ("invalid_frame", "response_schema")
        assert bound in refused.value.message
        tools: list[Any] = [FunctionTool(name="f", parameters=schema)]
        with pytest.raises(Failure, match="invalid_frame") as refused:
            check_functions(ChatRequest(message="hi", tools=tools))
        assert refused.value.field == "tools[0].parameters"
    with pytest.raises(Failure, match="invalid_frame"):
        check_nesting(json.loads("[" * 300 + "]" * 300), "result")


def test_thousands_of_schemas_below_a_long_name_take_no_memory() -> None:
    below: dict[str, Any] = {f"p{number}": {} for number in range(1_000)}
    schema = {"properties": {"k" * 200_000: {"properties": below}}}
    tracemalloc.start()
    try:
        check_schema(schema, "response_schema")
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()
