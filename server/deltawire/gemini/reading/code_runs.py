"""The code that the model runs, its outcomes, and the files that it makes. No I/O."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any, Final, Literal

from deltawire.gemini.events import CodeOutcome, CodeRun, Event, MadeFile
from deltawire.gemini.reading.loose_json import as_object, clean

_OUTCOMES: Final[dict[Any, Literal["ok", "failed", "deadline_exceeded"]]] = {
    "OUTCOME_OK": "ok",
    "OUTCOME_DEADLINE_EXCEEDED": "deadline_exceeded",
}
_MAX_CALL_CHARS: Final = 256


class CodeRuns:
    """Reads the code of one answer; a program and its outcome get the same name."""

    __slots__ = ("_count", "_open")

    def __init__(self) -> None:
        """Start before the first program."""
        self._count = 0
        self._open: list[str] = []
        """The names of the programs without an outcome."""

    def take_code(self, value: Any, events: list[Event]) -> None:
        """Append the event of an `executableCode`."""
        fields = as_object(value)
        self._count += 1
        call = _name_of(fields) or f"code-{self._count}"
        self._open.append(call)
        language = _text_of(fields, "language").lower()
        language = "" if language == "language_unspecified" else language
        events.append(CodeRun(call, language, _text_of(fields, "code")))

    def take_outcome(self, value: Any, events: list[Event]) -> None:
        """Append the event of a `codeExecutionResult`. One without a name is that of the oldest open program."""
        fields = as_object(value)
        call = _name_of(fields) or (self._open[0] if self._open else f"code-{self._count}")
        if call in self._open:
            self._open.remove(call)
        outcome = fields.get("outcome")
        known = _OUTCOMES.get(outcome, "failed") if isinstance(outcome, str) else "failed"
        events.append(CodeOutcome(call, known, _text_of(fields, "output")))


def made_file(value: Any) -> MadeFile | None:
    """Return the file of an `inlineData`; None for one that cannot be read."""
    fields = as_object(value)
    kind, data = fields.get("mimeType"), fields.get("data")
    if not isinstance(kind, str) or not isinstance(data, str):
        return None
    try:
        data += "=" * (-len(data) % 4)  # some encoders leave the padding out
        return MadeFile(clean(kind), b64decode(data, altchars=b"-_" if "-" in data or "_" in data else None))
    except (Base64Error, ValueError):
        return None


def _name_of(fields: dict[str, Any]) -> str:
    return _text_of(fields, "id")[:_MAX_CALL_CHARS]


def _text_of(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return clean(value) if isinstance(value, str) else ""
