"""The frames of an answer's parts beside its text."""

from deltawire.gemini import events
from deltawire.protocol import frames


def part_frame(turn: str, event: events.Event) -> frames.PartFrame | None:  # noqa: PLR0911 - one for each kind
    """Return the frame of an event; None for one that has none: progress, and a file that is not kept yet."""
    match event:
        case events.Source(index, title, uri):
            return frames.Source(turn, index=index, title=title, uri=uri)
        case events.Citation(start, end, sources):
            return frames.Citation(turn, start=start, end=end, sources=list(sources))
        case events.Searched(queries, html):
            return frames.Search(turn, queries=list(queries), html=html)
        case events.CodeRun(call, language, code):
            return frames.Code(turn, call=call, language=language, code=code)
        case events.CodeOutcome(call, outcome, output):
            return frames.CodeResult(turn, call=call, outcome=outcome, output=output)
        case events.ToolCall(call, name, arguments):
            return frames.ToolCall(turn, call=call, name=name, arguments=arguments)
        case _:
            return None
