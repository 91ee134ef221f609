"""The frames of an answer's parts beside its text."""

from deltawire.gemini import events
from deltawire.protocol import frames


class PartFrames:
    """Makes the frames of the parts of one turn.

    Each round of a turn with functions is a response of its own: its sources and its offsets begin anew. Here they
    become those of the whole answer.
    """

    __slots__ = ("_indexes", "_round", "_sources", "_turn")

    def __init__(self, turn: str) -> None:
        """Start before the first part."""
        self._turn = turn
        self._round = 0
        self._sources: dict[tuple[str | None, str | None], int] = {}
        """The sources that were sent, with their indexes."""
        self._indexes: dict[int, int] = {}
        """The indexes of this round's sources, in its response and in the answer."""

    def frame(  # noqa: PLR0911 - one for each kind
        self, event: events.Event, number: int, before: int
    ) -> frames.PartFrame | None:
        """Return the frame of an event; None for one that has none: progress, and a source that was sent before.

        `number` is the round, and `before` the characters of the answer that came before it.
        """
        if number != self._round:
            self._round = number
            self._indexes.clear()
        match event:
            case events.Source():
                return self._source(event)
            case events.Citation(start, end, sources):
                indexes = sorted({self._indexes[index] for index in sources})
                return frames.Citation(self._turn, start=before + start, end=before + end, sources=indexes)
            case events.Searched(queries, html):
                return frames.Search(self._turn, queries=list(queries), html=html)
            case events.CodeRun(call, language, code):
                return frames.Code(self._turn, call=self._call(call), language=language, code=code)
            case events.CodeOutcome(call, outcome, output):
                return frames.CodeResult(self._turn, call=self._call(call), outcome=outcome, output=output)
            case events.ToolCall(call, name, arguments):
                return frames.ToolCall(self._turn, call=call, name=name, arguments=arguments)
            case _:
                return None

    def _source(self, source: events.Source) -> frames.Source | None:
        key = (None if source.uri else source.title, source.uri)
        is_new = key not in self._sources
        index = self._indexes[source.index] = self._sources.setdefault(key, len(self._sources) + 1)
        return frames.Source(self._turn, index=index, title=source.title, uri=source.uri) if is_new else None

    def _call(self, call: str) -> str:
        """Return the name of a program, which may come again in a later round."""
        return call if self._round == 0 else f"{call}.{self._round + 1}"
