"""The work of the tools of one answer: searches, sources, citations, code. No I/O."""

from deltawire.gemini.events import Event
from deltawire.gemini.reading.code_runs import CodeRuns
from deltawire.gemini.reading.grounding import Grounding
from deltawire.gemini.reading.response import Candidate, Part


class ToolUse:
    """Reads the work of the tools of one answer."""

    __slots__ = ("_runs", "grounding", "texts")

    def __init__(self) -> None:
        """Start before the first payload."""
        self.texts: list[str] = []
        """The pieces of the answer, as the provider sent them: its offsets count their bytes."""
        self.grounding = Grounding()
        self._runs = CodeRuns()

    def take(self, candidate: Candidate) -> None:
        """Collect the sources of a payload; `append_new` returns their events."""
        if candidate.grounding_metadata:
            self.grounding.take(candidate.grounding_metadata)
        if candidate.url_context_metadata:
            self.grounding.take_pages(candidate.url_context_metadata)

    def take_part(self, part: Part, events: list[Event]) -> None:
        """Append the event of a part that is code, or its outcome."""
        if part.executable_code is not None:
            self._runs.take_code(part.executable_code, events)
        if part.code_execution_result is not None:
            self._runs.take_outcome(part.code_execution_result, events)

    def append_new(self, events: list[Event]) -> None:
        """Append the events of new sources and citations."""
        self.grounding.append_new(self.texts, events)
