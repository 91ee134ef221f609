"""The frames of an answer's parts beside its text."""

import structlog

from deltawire.chat.record import TurnRecord
from deltawire.gemini import events
from deltawire.protocol import frames
from deltawire.protocol.errors import Failure

log = structlog.get_logger(__name__)


def part_frame(turn: str, event: events.Event) -> frames.PartFrame | None:  # noqa: PLR0911 - one for each kind
    """Return the frame of an event; None for one that has none: progress, and a file, which has to be kept first."""
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


async def file_frame(turn: str, record: TurnRecord, made: events.MadeFile) -> frames.FileFrame:
    """Keep a file that the model made; return the frame that tells of it.

    Without room for it, or without a store, the turn goes on: the frame then has no `file`, and says why.
    """
    try:
        row = await record.keep_file(made)
    except Failure as failure:
        log.warning("a file of the model was not kept", turn=turn, code=failure.code, cause=failure.cause)
        return frames.FileFrame(turn, None, made.type, "", len(made.data), error=failure.code)
    return frames.FileFrame(turn, row.id, row.type, row.name, row.size)
