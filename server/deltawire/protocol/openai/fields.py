"""The fields of OpenAI's requests: each is supported, ignored, or refused by name.

The treatment of a field stands at the field, in its `Meta`. docs/reference/openai.md has the table, too.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Raw, Struct

from deltawire.protocol.errors import Failure

Treatment = Literal["supported", "ignored", "refused"]

_TREATMENT: Final = "treatment"
_HARMLESS: Final = "harmless"
_HARMLESS_BYTES: Final = 64
"""Bytes of JSON. A longer value is not read: no value that asks for nothing is so long."""


class FieldRow(NamedTuple):
    """One row of the table of fields."""

    path: str
    """The path of the field, as in `messages[].role`."""
    treatment: Treatment
    words: str
    """The allowed values of a supported field; the reason for any other treatment."""
    harmless: tuple[Any, ...]
    """The values that a refused field may have, because they ask for nothing; null is always one."""
    attribute: str
    """Its name in the Struct: `async`, a word of Python's, has another one there."""

    @property
    def name(self) -> str:
        """The name of the field in its object."""
        return self.path.rpartition(".")[2]


def ignored(why: str) -> Meta:
    """Return the annotation of a field that has no effect here."""
    return Meta(description=why, extra={_TREATMENT: "ignored"})


def refused(why: str, *harmless: Any) -> Meta:
    """Return the annotation of a field that is refused, unless it has one of these values, which ask for nothing."""
    # As JSON: `typing` gives equal annotations one object, and in Python 0 equals False.
    texts = [json.dumps(value) for value in harmless]
    return Meta(
        description=why,
        extra={_TREATMENT: "refused", _HARMLESS: texts},
        extra_json_schema={"enum": [None, *harmless]},
    )


def rows_of(struct: type[Struct], prefix: str = "") -> tuple[FieldRow, ...]:
    """Return the rows of a Struct's fields, in their order."""
    hints = get_type_hints(struct, include_extras=True)
    names = zip(struct.__struct_encode_fields__, struct.__struct_fields__, strict=True)
    return tuple(_row(prefix + name, attribute, hints[attribute]) for name, attribute in names)


def _row(path: str, attribute: str, hint: Any) -> FieldRow:
    for part in (hint, *getattr(hint, "__args__", ())):
        for meta in getattr(part, "__metadata__", ()):
            if isinstance(meta, Meta) and meta.description:
                extra = meta.extra or {}
                harmless = tuple(json.loads(text) for text in extra.get(_HARMLESS, ()))
                return FieldRow(path, extra.get(_TREATMENT, "supported"), meta.description, harmless, attribute)
    raise AssertionError(f"{path} has no description")


def refused_among(rows: Sequence[FieldRow]) -> tuple[FieldRow, ...]:
    """Return the rows of the fields that are refused."""
    return tuple(row for row in rows if row.treatment == "refused")


def check(value: Struct, rows: Sequence[FieldRow], prefix: str = "") -> None:
    """Raise `Failure` for the first of these refused fields that asks for something; `prefix` begins its path."""
    for row in rows:
        raw = getattr(value, row.attribute)
        if raw is not UNSET and not _is_harmless(raw, row):
            path = f"{prefix}{row.name}"
            raise Failure("invalid_frame", f"{path} is refused: {row.words}.", field=path)


def _is_harmless(raw: Raw, row: FieldRow) -> bool:
    if memoryview(raw).nbytes > _HARMLESS_BYTES:
        return False
    try:
        decoded = msgspec.json.decode(raw)
    except msgspec.DecodeError:  # half of a surrogate pair, which is not looked at when a value is skipped
        return False
    # In Python, 0 is False and 1 is True.
    is_truth = isinstance(decoded, bool)
    return decoded is None or any(decoded == value and is_truth is isinstance(value, bool) for value in row.harmless)
