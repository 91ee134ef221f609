"""The messages of a request, as a turn takes them: instructions, history and a question."""

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, Protocol

from deltawire.protocol.chat_request import MODEL_NAME, HistoryMessage
from deltawire.protocol.errors import Failure
from deltawire.protocol.openai.calls import RequestMessage, history_of
from deltawire.protocol.openai.given_files import GivenFile

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
EFFORTS: Final = '"none", "minimal", "low", "medium", "high", "xhigh" or "max"'
THINKING: Final[dict[str, Literal["off", "low", "medium", "high"]]] = {
    "none": "off",
    "minimal": "off",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}
"""The `thinking` of a turn for an effort."""
MAX_MESSAGES: Final = 10_000
MAX_STRINGS: Final = 10 * MAX_MESSAGES
"""The strings of a request: ten of each message, names of fields too."""
_INSTRUCT: Final = ("system", "developer")
"""The roles of instructions."""
_model_name: Final = re.compile(MODEL_NAME)


class Part(Protocol):
    """A part of a message's content."""

    @property
    def text(self) -> str | None:
        """The text of a part of that kind."""

    @property
    def refusal(self) -> str | None:
        """The text of a refusal."""


class Conversation(NamedTuple):
    """The messages of a request as a turn takes them."""

    system: str | None
    history: list[HistoryMessage]
    message: str
    files: tuple[GivenFile, ...] = ()
    """The files of the question."""


def text_of(content: str | Sequence[Part] | None) -> str:
    """Return the text of a message's content; its parts become lines."""
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join([text for part in content if (text := part.text or part.refusal)])


def check_speaker(role: str, files: Sequence[GivenFile]) -> None:
    """Raise `Failure` for files in a message that is not the user's."""
    if files and role != "user":
        path = files[0].path
        raise Failure("invalid_frame", f"{path} is refused: only the user's messages have files.", field=path)


def conversation_of(messages: Sequence[RequestMessage]) -> Conversation:
    """Join the instructions, wherever they stand.

    A last one is the question where the user has asked nothing since the last answer, as in `system: Give it a title`.
    Raise `Failure` where the last message is not a question.
    """
    instructions = [message for message in messages if message.role in _INSTRUCT]
    dialogue = [message for message in messages if message.role not in _INSTRUCT]
    if messages[-1].role in _INSTRUCT and (not dialogue or dialogue[-1].role == "assistant"):
        dialogue.append(instructions.pop())
    system = "\n\n".join([message.text for message in instructions if message.text])
    last = dialogue[-1]
    if last.answers is not None:
        return Conversation(system or None, history_of(dialogue), "")
    if last.role == "assistant":
        raise Failure(
            "invalid_frame",
            "The last message must be the user's, or a result.",
            field=f"{last.path.removesuffix('.content')}.role",
        )
    if not last.text and not last.files:
        raise Failure("invalid_frame", "The last message must not be empty.", field=last.path)
    return Conversation(system or None, history_of(dialogue[:-1]), last.text, last.files)


def check_model(name: str | None) -> None:
    """Raise `Failure` for a name that no model can have."""
    if name is not None and not _model_name.match(name):
        raise Failure("unknown_model", field="model")
