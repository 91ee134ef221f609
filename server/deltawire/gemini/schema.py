"""The JSON Schema of a structured answer: what of it the provider takes. No I/O."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from deltawire.protocol.errors import Failure

_TAKEN: Final = frozenset(
    {
        *("$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum"),
        *("items", "prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf"),
        *("properties", "additionalProperties", "required", "propertyOrdering"),
    }
)
_REMARKS: Final = frozenset({"$schema", "$comment", "default", "examples", "deprecated", "readOnly", "writeOnly"})
"""Keywords that do not restrict an answer: the provider ignores them."""
_INSTEAD: Final = {
    "oneOf": "use anyOf",
    "const": "use enum with one value",
    "definitions": "use $defs",
    "pattern": "describe the form in description",
    "exclusiveMinimum": "use minimum",
    "exclusiveMaximum": "use maximum",
}
_MAPS: Final = ("properties", "$defs")
_LISTS: Final = ("anyOf", "prefixItems")
_SCHEMAS: Final = ("items", "additionalProperties")
_MAX_PATH_CHARS: Final = 128
_MAX_DEPTH: Final = 200
_MAX_PARTS: Final = 5_000
"""Objects and lists in all schemas of a request. The provider takes far fewer."""


def check_nesting(value: Any, path: str) -> int:
    """Return the number of objects and lists in a value. Raise `Failure` for one that is nested too deeply.

    What is read may be nested more deeply than what is written again inside of a request.
    """
    level, number, depth = [value], 0, 0
    while level:
        level = [
            part
            for each in level
            for part in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
            if isinstance(part, (dict, list))
        ]
        number += len(level)
        depth += 1
        if depth > _MAX_DEPTH:
            raise _refused(path, f"{_short(path)} may be nested {_MAX_DEPTH} levels deep at most.")
    return number


def check_schemas(schemas: Iterable[tuple[Any, str]]) -> None:
    """Raise `Failure` for schemas, each with its path, that are nested too deeply or too large together."""
    number = 0
    for schema, path in schemas:
        number += check_nesting(schema, path)
        if number > _MAX_PARTS:
            raise _refused(path, f"The schemas of a request may hold at most {_MAX_PARTS:,} objects and lists.")


def check_schema(schema: Any, path: str) -> None:
    """Raise `Failure`, with its path, for a keyword that the provider does not accept, and for a bad schema."""
    check_schemas([(schema, path)])
    pending = [(schema, path)]
    while pending:
        value, at = pending.pop()
        if isinstance(value, bool):
            continue
        if not isinstance(value, dict):
            raise _refused(at, f"{_short(at)} must be a JSON Schema: an object.")
        for keyword in value:
            if keyword not in _TAKEN and keyword not in _REMARKS:
                instead = f"; {_INSTEAD[keyword]}" if keyword in _INSTEAD else ""
                raise _refused(f"{at}.{keyword}", f"{_short(at)}: the provider takes no {keyword[:64]}{instead}.")
        pending += reversed(list(_parts(value, at)))


def _parts(schema: dict[str, Any], path: str) -> Iterator[tuple[Any, str]]:
    """Yield the schemas in a schema, each with its path, shortened: thousands may stand below one long name."""
    for keyword in _MAPS:
        if keyword in schema:
            if not isinstance(schema[keyword], dict):
                raise _refused(f"{path}.{keyword}", f"{_short(path)}.{keyword} must be an object of JSON Schemas.")
            yield from ((part, _short(f"{path}.{keyword}.{name}")) for name, part in schema[keyword].items())
    for keyword in _LISTS:
        if keyword in schema:
            if not isinstance(schema[keyword], list):
                raise _refused(f"{path}.{keyword}", f"{_short(path)}.{keyword} must be a list of JSON Schemas.")
            yield from ((part, _short(f"{path}.{keyword}[{index}]")) for index, part in enumerate(schema[keyword]))
    for keyword in _SCHEMAS:
        if keyword in schema:
            yield schema[keyword], _short(f"{path}.{keyword}")


def _refused(path: str, sentence: str) -> Failure:
    return Failure("invalid_frame", sentence, field=_short(path))


def _short(path: str) -> str:
    return path if len(path) <= _MAX_PATH_CHARS else f"{path[:_MAX_PATH_CHARS]}…"
