"""Answers in JSON: the two spellings of OpenAI's APIs, and the schema that each asks for."""

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from deltawire.protocol.errors import Failure
from deltawire.protocol.openai.fields import ignored

_ALWAYS: Final = "an answer always keeps to its schema"
_NO_NAME: Final = "the provider takes no name of a schema"
_FORMAT: Final = '"text", "json_schema" or "json_object"'
_A_SCHEMA: Final = "a JSON Schema: an object"
_ANY_OBJECT: Final[dict[str, Any]] = {"type": "object"}
_BY_NAME: Final = ("properties", "$defs")
_IN_LISTS: Final = ("anyOf", "prefixItems")
_ALONE: Final = ("items", "additionalProperties")

FormatType = Literal["text", "json_schema", "json_object"]


class NamedSchema(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The schema of an answer, with a name."""

    name: Annotated[Raw, ignored(_NO_NAME)] | UnsetType = UNSET
    description: Annotated[Raw, ignored(_NO_NAME)] | UnsetType = UNSET
    schema: Annotated[dict[str, Any], Meta(description=_A_SCHEMA)] | None = None
    strict: Annotated[Raw, ignored(_ALWAYS)] | UnsetType = UNSET


class ResponseFormat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The format of a chat completion's answer."""

    type: Annotated[FormatType, Meta(description=_FORMAT)]
    json_schema: Annotated[NamedSchema, Meta(description='an object with "schema"')] | None = None


class TextFormat(NamedSchema, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The format of a response's text."""

    type: Annotated[FormatType, Meta(description=_FORMAT)]


def schema_of(format_: ResponseFormat | None) -> dict[str, Any] | None:
    """Return the schema that a chat completion's format asks for, if any. Raise `Failure` for one without a schema."""
    if format_ is None:
        return None
    schema = None if format_.json_schema is None else format_.json_schema.schema
    return _schema_asked_for(format_.type, schema, "response_format.json_schema.schema")


def schema_of_text(format_: TextFormat | None) -> dict[str, Any] | None:
    """Return the schema that a response's format asks for, if any. Raise `Failure` for one without a schema."""
    return None if format_ is None else _schema_asked_for(format_.type, format_.schema, "text.format.schema")


def repeated_format(format_: TextFormat | None) -> dict[str, Any]:
    """Return the format as a response repeats it."""
    if format_ is None or format_.type != "json_schema":
        return {"type": "text" if format_ is None else format_.type}
    options = {"name": format_.name, "description": format_.description, "strict": format_.strict}
    given_options = {name: value for name, value in options.items() if value is not UNSET}
    return {"type": format_.type, "schema": format_.schema, "name": "answer", **given_options}


def _schema_asked_for(kind: FormatType, schema: dict[str, Any] | None, path: str) -> dict[str, Any] | None:
    if kind == "text":
        return None
    if kind == "json_object":
        return _ANY_OBJECT
    if schema is None:
        raise Failure("invalid_frame", f"{path} is missing: {_A_SCHEMA}.", field=path)
    return with_enums(schema)


def with_enums(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema in which each `const` that is a string or a number is an `enum` of this one value.

    The clients write a literal of Python or of zod as `const`. The provider takes none, and the `enum` means the same.
    """
    root = dict(schema)
    pending = [root]
    while pending:
        part = pending.pop()
        if type(part.get("const")) in (str, int, float) and "enum" not in part:
            part["enum"] = [part.pop("const")]
        for keyword in _BY_NAME:
            if isinstance(inner := part.get(keyword), dict):
                part[keyword] = {name: _copied(value, pending) for name, value in inner.items()}
        for keyword in _IN_LISTS:
            if isinstance(inner := part.get(keyword), list):
                part[keyword] = [_copied(value, pending) for value in inner]
        for keyword in _ALONE:
            if keyword in part:
                part[keyword] = _copied(part[keyword], pending)
    return root


def _copied(value: Any, pending: list[dict[str, Any]]) -> Any:
    """Return a copy of an inner schema, which is added to those that are `pending`; anything else as it is."""
    if not isinstance(value, dict):
        return value
    copy = dict(value)
    pending.append(copy)
    return copy
