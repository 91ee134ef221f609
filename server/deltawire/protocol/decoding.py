"""Decode JSON from a client strictly; a failure names the wrong field and its allowed values."""

import json
import re
from collections.abc import Iterable
from typing import Any, Final, Generic, TypeVar, get_type_hints

import msgspec
from msgspec import Meta, Struct

from deltawire.protocol.errors import Failure

T = TypeVar("T")
Rules = dict[str, str]
"""The allowed values of each field in words, by its path: `history[].role`."""

_at_path = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)
_named_field = re.compile(r"^Object (?:contains unknown|missing required) field `(.*?)`(?: - at|$)", re.DOTALL)
_malformed_at = re.compile(r"\(byte (\d+)\)$")
_MAX_FIELD_CHARS: Final = 128
_MAX_REASON_CHARS: Final = 1_000
"""The most characters of msgspec's message that are searched: it quotes an unknown field as a whole."""
_EXPLAINED_CHARS: Final = 8_192
"""The longest text that is parsed a second time, for a better error message; parsing it takes 2 ms at most."""


class Unreadable(Failure):
    """The failure of text that is not an object of the wanted kind."""

    def __init__(self, code: str, message: str | None = None, *, field: str | None = None, value: Any = None) -> None:
        """`value` is the text's JSON; None where it is not JSON, or too long to be parsed a second time."""
        super().__init__(code, message, field=field)
        self.value: Final = value


class StrictDecoder(Generic[T]):
    """Decodes one kind of object; an unknown field is refused by name."""

    def __init__(self, kind: Any, rules: Rules, max_strings: int = 1_000) -> None:
        """`kind` is the type that msgspec decodes to; `rules` describe its fields.

        `max_strings` bounds the strings of an object, the names of fields too: msgspec makes a whole list before it
        counts its items.
        """
        self._max_quotes = 2 * max_strings
        self._decode = msgspec.json.Decoder(kind).decode
        self._rules = rules
        self._kind = kind

    def read(self, text: str) -> T:
        """Decode JSON. Raise `Unreadable` (`invalid_json`, `invalid_frame`)."""
        if self._has_too_many_strings(text):
            raise Unreadable("invalid_frame", "The frame holds more strings than any frame may.")
        try:
            value: T = self._decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise self._explain(text, error) from None
        return value

    def read_bytes(self, body: bytes) -> T:
        """Decode the body of an HTTP request."""
        try:
            return self.read(body.decode())
        except UnicodeDecodeError:
            raise Unreadable("invalid_json", "That is not JSON: it is not UTF-8.") from None

    def read_query(self, query: dict[str, str]) -> T:
        """Decode the parameters of a URL, where numbers are text."""
        try:
            value: T = msgspec.convert(query, self._kind, strict=False)
        except msgspec.ValidationError as error:
            raise self._invalid(str(error)) from None
        return value

    def missing(self, text: str, field: str) -> Unreadable:
        """Return the failure of an object that lacks a field which its kind requires only at times."""
        value = json.loads(text, parse_int=float) if len(text) <= _EXPLAINED_CHARS else None
        return self._invalid(f"Object missing required field `{field}`", value)

    def _has_too_many_strings(self, text: str) -> bool:
        """Return whether a text has too many quotes of strings: a quote in a string has a backslash before it."""
        if len(text) <= self._max_quotes:
            return False
        quotes = text.count('"')
        return quotes > self._max_quotes and quotes - text.count(r"\"") > self._max_quotes

    def _explain(self, text: str, error: Exception) -> Unreadable:
        """Return the failure for text that is not JSON, JSON that is not Unicode, or JSON of another shape."""
        try:
            return self._explanation(text, error) if len(text) <= _EXPLAINED_CHARS else self._short(error)
        except RecursionError:
            return Unreadable("invalid_frame", "The frame is nested too deeply.")

    def _short(self, error: Exception) -> Unreadable:
        """Return the failure of a long text, made from the message of msgspec."""
        if isinstance(error, msgspec.ValidationError):
            return self._invalid(str(error))
        if isinstance(error, RecursionError):
            raise error
        at = _malformed_at.search(str(error))
        where = f"byte {int(at[1]) + 1}" if at else "its end"
        return Unreadable("invalid_json", f"That is not JSON, or not Unicode text: see {where}.")

    def _explanation(self, text: str, error: Exception) -> Unreadable:
        try:
            value = json.loads(text, parse_constant=_no_constant, parse_int=float)
        except _NoNumber as word:
            return Unreadable("invalid_json", f"That is not JSON: {word} is no number.")
        except json.JSONDecodeError as malformed:
            return Unreadable("invalid_json", f"That is not JSON: {malformed.msg} at character {malformed.pos + 1}.")
        except (RecursionError, ValueError):  # nested too deeply, or a number too long for Python
            value = None
        if isinstance(error, msgspec.ValidationError):
            return self._invalid(str(error), value)
        if isinstance(error, RecursionError):
            raise error
        field = _lone_surrogate(value)
        if field is None:
            return Unreadable("invalid_json", value=value)
        message = f"{field or 'The frame'} must be Unicode text: it holds half of a surrogate pair."
        return Unreadable("invalid_frame", message, field=field or None, value=value)

    def _invalid(self, reason: str, value: Any = None) -> Unreadable:
        """Translate msgspec's message about an object into a sentence about one field."""
        half = _MAX_REASON_CHARS // 2
        shortened = reason if len(reason) <= _MAX_REASON_CHARS else f"{reason[:half]}`{reason[-half:]}"
        at = _at_path.search(shortened)
        path = at[1] if at else ""
        if field_match := _named_field.match(shortened):
            field = f"{path}.{field_match[1]}" if path else field_match[1]
            if shortened.startswith("Object contains"):
                field = field[:_MAX_FIELD_CHARS]
                message = f"There is no field {field} here."
            else:
                message = f"{field} is missing: {self._rule(field)}."
            return Unreadable("invalid_frame", message, field=field, value=value)
        if not path:
            return Unreadable("invalid_frame", "A frame is one JSON object.", value=value)
        return Unreadable("invalid_frame", f"{path} must be {self._rule(path)}.", field=path, value=value)

    def _rule(self, path: str) -> str:
        return self._rules.get(re.sub(r"\[\d+\]", "[]", path), "something else")


def containers_in(pieces: Iterable[bytes]) -> int:
    """Return the most objects and lists that JSON in these pieces can hold, of which each takes much more memory."""
    return sum(piece.count(b"{") + piece.count(b"[") for piece in pieces)


def commas_in(pieces: Iterable[bytes]) -> int:
    """Return the most values that JSON in these pieces can hold, besides the first of each object and list."""
    return sum(piece.count(b",") for piece in pieces)


def rules_of(struct: type[Struct], prefix: str = "") -> Rules:
    """Return the rules of a Struct's fields, from their `Meta` descriptions."""
    rules = {}
    for name, hint in get_type_hints(struct, include_extras=True).items():
        for part in (hint, *getattr(hint, "__args__", ())):
            for meta in getattr(part, "__metadata__", ()):
                if isinstance(meta, Meta) and meta.description:
                    rules[prefix + name] = meta.description
    return rules


class _NoNumber(Exception):
    """A word such as NaN, which Python's decoder takes for a number."""


def _no_constant(name: str) -> Any:
    raise _NoNumber(name)


def has_lone_surrogate(text: str) -> bool:
    """Return whether a text holds half of a surrogate pair, which UTF-8 cannot hold."""
    return any("\ud800" <= char <= "\udfff" for char in text)


def _lone_surrogate(value: Any, path: str = "") -> str | None:
    """Return the path of the first string that UTF-8 cannot hold; None when there is none."""
    if isinstance(value, str):
        return path if has_lone_surrogate(value) else None
    if isinstance(value, dict):
        children = [(f"{path}.{key}" if path else str(key), child) for key, child in value.items()]
        if any(_lone_surrogate(key) is not None for key in value):
            return path
    elif isinstance(value, list):
        children = [(f"{path}[{index}]", child) for index, child in enumerate(value)]
    else:
        return None
    found = (_lone_surrogate(child, where) for where, child in children)
    return next((where for where in found if where is not None), None)
