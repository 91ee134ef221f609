"""The files in requests of OpenAI's wire, made ready for a turn."""

from collections.abc import Sequence

from msgspec.structs import replace

from deltawire.conversations.files.filed_messages import FiledHistory, FiledMessage
from deltawire.conversations.files.inline import inline_file
from deltawire.conversations.files.schemas import FileBounds
from deltawire.gemini.messages import Attachment, StoredMessage, with_files
from deltawire.protocol.chat_request import MAX_FILES, ChatRequest, HistoryMessage
from deltawire.protocol.errors import Failure
from deltawire.protocol.openai.given_files import GivenFile, GivenMessage, GivenRequest


async def with_given_files(request: ChatRequest, bounds: FileBounds) -> ChatRequest:
    """Return a request with its files, inspected; those of this server stay names. Raise `Failure`."""
    if not isinstance(request, GivenRequest):
        return request
    history = FiledHistory()
    for message in request.history or ():
        history += await _filed(message, bounds) if isinstance(message, GivenMessage) else [message]
    has_names = any(isinstance(message, FiledMessage) for message in history)
    paths: dict[str, str] = {}
    for file in request.given:
        if file.id:
            paths.setdefault(file.id, file.path)
    if len(paths) > MAX_FILES:
        field = request.given[-1].path
        raise Failure("invalid_frame", f"A question may name at most {MAX_FILES} files.", field=field)
    with_inline_files = with_files(request, await _inline(request.given, bounds))
    return replace(
        with_inline_files,
        history=history if has_names else list(history),
        files=list(paths) or None,
        file_paths=tuple(paths.values()),
    )


async def _filed(message: GivenMessage, bounds: FileBounds) -> list[HistoryMessage]:
    """Return an earlier message as the upstream takes it: one with its bytes, before one with its names."""
    inline, file_ids = await _inline(message.files, bounds), _file_ids(message.files)
    if not file_ids:
        return [StoredMessage(message.role, message.text, files=inline)]
    before: list[HistoryMessage] = [StoredMessage(message.role, "", files=inline)] if inline else []
    return [*before, FiledMessage(message.role, message.text, files=tuple(file_ids))]


async def _inline(files: Sequence[GivenFile], bounds: FileBounds) -> tuple[Attachment, ...]:
    return tuple([await inline_file(file, bounds) for file in files if not file.id])


def _file_ids(files: Sequence[GivenFile]) -> list[str]:
    return list(dict.fromkeys(file.id for file in files if file.id))
