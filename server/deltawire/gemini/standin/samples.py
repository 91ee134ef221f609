"""Values that fit a JSON Schema, without a meaning."""

from typing import Any, Final

_DEEPEST: Final = 6
_MOST_ITEMS: Final = 3
_OF_TYPE: Final[dict[str, Any]] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True}


def sample(schema: Any, defined: Any = None, depth: int = 0) -> Any:
    """Return a value of a schema; `defined` are the `$defs` of the whole one. What is nested too deeply is null."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    defined = schema.get("$defs", defined or {})
    if "$ref" in schema:
        return sample(defined.get(str(schema["$ref"]).rpartition("/")[2]), defined, depth + 1)
    if schema.get("anyOf"):
        return sample(schema["anyOf"][0], defined, depth + 1)
    return schema["enum"][0] if schema.get("enum") else _of_type(schema, defined, depth + 1)


def _of_type(schema: dict[str, Any], defined: Any, depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object":
        return {name: sample(part, defined, depth) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        least = schema.get("minItems", 1)
        count = min(int(least), _MOST_ITEMS) if isinstance(least, int | float) and least >= 1 else 1
        return [sample(schema.get("items", {}), defined, depth) for _ in range(count)]
    value: Any = _OF_TYPE.get(str(kind))
    least = schema.get("minimum")
    return max(value, least) if kind in ("integer", "number") and isinstance(least, int | float) else value
