"""The parts of an answer beside its text: sources, citations, searches, code, calls, files.

They are sent as frames, collected in the answer of an HTTP request, and stored with the answer's message.
"""

from typing import Any, Literal

from msgspec import Struct, field


class ShownSource(Struct, frozen=True, kw_only=True):
    """A page that the answer rests on. A title or an address that the provider does not name is null."""

    index: int
    title: str | None
    uri: str | None


class ShownCitation(Struct, frozen=True, kw_only=True):
    """A piece of the answer, in code points of its whole text, and the indexes of the sources that it rests on."""

    start: int
    end: int
    sources: list[int]


class ShownSearch(Struct, frozen=True, kw_only=True):
    """The queries of a search, and the provider's suggestions, to be shown unchanged; null where there are none."""

    queries: list[str]
    html: str | None


class ShownCode(Struct, frozen=True, kw_only=True):
    """Code that the model runs."""

    call: str
    language: str
    code: str


class ShownCodeResult(Struct, frozen=True, kw_only=True):
    """The outcome of code that the model ran; `call` is that of its code."""

    call: str
    outcome: Literal["ok", "failed", "deadline_exceeded"]
    output: str


class ShownCall(Struct, frozen=True, kw_only=True):
    """A call of a function that the client answers."""

    call: str
    name: str
    arguments: dict[str, Any]


class ShownFile(Struct, frozen=True, kw_only=True):
    """A file of a message, as `GET /files/{id}` names it."""

    id: str
    name: str
    type: str
    size: int


ShownPart = ShownSource | ShownCitation | ShownSearch | ShownCode | ShownCodeResult | ShownCall | ShownFile


class ShownBesidesSources(Struct, kw_only=True, omit_defaults=True):
    """The parts of one answer, but its sources; an empty list is left out."""

    citations: list[ShownCitation] = field(default_factory=list)
    searches: list[ShownSearch] = field(default_factory=list)
    code: list[ShownCode] = field(default_factory=list)
    code_results: list[ShownCodeResult] = field(default_factory=list)
    tool_calls: list[ShownCall] = field(default_factory=list)
    files: list[ShownFile] = field(default_factory=list)


class Shown(ShownBesidesSources, kw_only=True):
    """The parts of one answer; an empty list is left out."""

    sources: list[ShownSource] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Return True when there is any part."""
        return any(getattr(self, name) for name in Shown.__struct_fields__)

    def add(self, part: ShownPart | None) -> None:
        """Append a part, or the frame that inherits it; nothing for None."""
        for kind, name in _LISTS.items():
            if isinstance(part, kind):
                own = {field: getattr(part, field) for field in kind.__struct_fields__}
                getattr(self, name).append(kind(**own))
                return


_LISTS: dict[type[Any], str] = {
    ShownSource: "sources",
    ShownCitation: "citations",
    ShownSearch: "searches",
    ShownCode: "code",
    ShownCodeResult: "code_results",
    ShownCall: "tool_calls",
    ShownFile: "files",
}
