"""The calls of functions in OpenAI's conversations, with their results: steps of the model in a history."""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from deltawire.protocol.chat_request import HistoryMessage
from deltawire.protocol.errors import Failure
from deltawire.protocol.openai.given_files import GivenFile, GivenMessage, MadePictures

_MAX_CALLS: Final = 128
_PREFIX: Final = "call_"
_AN_OBJECT: Final = "a JSON object, as a string"
_made_here = re.compile(rf"{_PREFIX}([0-9a-f]{{16}})_[0-9]{{1,3}}")
"""The ids of `call_id`. Other servers' ids begin with `call_`, too."""
_encode = msgspec.json.Encoder().encode
_object = msgspec.json.Decoder(dict[str, Any]).decode


class FunctionCall(Struct, frozen=True, kw_only=True):
    """A call of one function."""

    id: str
    name: str
    arguments: dict[str, Any]
    path: str
    """The path of the call in the request."""


class CallStep(HistoryMessage, frozen=True, kw_only=True, gc=False):
    """A step in which the model called functions, with the results of its calls."""

    calls: tuple[FunctionCall, ...]
    results: dict[str, str]
    """The results by the ids of their calls."""

    @property
    def name(self) -> str:
        """The turn that made the step; empty where the ids of its calls were not made here."""
        return step_of(self.calls[0].id)


class RequestMessage(NamedTuple):
    """One message of a request."""

    role: str
    text: str
    path: str
    """The path of its text in the request."""
    calls: tuple[FunctionCall, ...] = ()
    answers: str | None = None
    """The id of the call whose result the message is."""
    answers_path: str = ""
    files: tuple[GivenFile, ...] = ()


def call_id(turn: str, index: int) -> str:
    """Return the id of a call of a turn."""
    return f"{_PREFIX}{turn}_{index}"


def step_of(call: str) -> str:
    """Return the turn of a call by its id; an empty string where the id was not made here."""
    made = _made_here.fullmatch(call)
    return made[1] if made else ""


def arguments_text(arguments: dict[str, Any]) -> str:
    """Return arguments as OpenAI's clients take them: as JSON in a string."""
    return _encode(arguments).decode()


def arguments_of(text: str, path: str) -> dict[str, Any]:
    """Return the arguments of a call. Raise `Failure` for anything but a JSON object."""
    try:
        return _object(text) if text.strip() else {}
    except (msgspec.DecodeError, RecursionError):
        raise Failure("invalid_frame", f"{path} must be {_AN_OBJECT}.", field=path) from None


def result_of(text: str) -> Any:
    """Return the result of a call: an object where the text is one in JSON, else the text itself."""
    try:
        return _object(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def _check_number(step: CallStep) -> None:
    """Raise `Failure` for more calls than a model makes at once: each result is looked for among them."""
    if len(step.calls) > _MAX_CALLS:
        raise _wrong(step.calls[_MAX_CALLS].path, f"is one of more than {_MAX_CALLS} calls at once")


def history_of(messages: Sequence[RequestMessage]) -> list[HistoryMessage]:
    """Return the messages as a history. Raise `Failure` for calls without results, and results without calls."""
    history: list[HistoryMessage] = []
    step: CallStep | None = None
    for message in messages:
        if message.answers is not None:
            _answer(step, message)
        elif step is not None and _is_of_step(message, step):
            text = "\n".join(filter(None, (step.text, message.text)))
            step = replace(step, text=text, calls=(*step.calls, *message.calls))
            _check_number(step)
            history[-1] = step
        else:
            _check_answered(step)
            step = _new_step(history, message) if message.calls else None
            if step is not None:
                _check_number(step)
                history.append(step)
            else:
                history += _plain(message)
    _check_answered(step)
    return history


def _plain(message: RequestMessage) -> list[HistoryMessage]:
    """Return a message without calls as the model gets it. Pictures that it made come back as the user's.

    Newer models refuse a picture of their own without its signature, for which OpenAI's wire has no field.
    """
    if message.role != "assistant":
        if message.files:
            return [GivenMessage("user", message.text, files=message.files)]
        return [HistoryMessage("user", message.text)] if message.text else []
    spoken: list[HistoryMessage] = [HistoryMessage("model", message.text)] if message.text else []
    return [*spoken, MadePictures("user", "", files=message.files)] if message.files else spoken


def _is_of_step(message: RequestMessage, step: CallStep) -> bool:
    """Return True for more of the answer that the step is: responses have one item for each text and each call.

    A text is more of it while a result is missing. Parallel calls may come with their results in between: their
    ids tell that, where they were made here. Any other call after a result is of the next step.
    """
    if not message.calls:
        return message.role == "assistant" and len(step.results) < len(step.calls)
    return not step.results or (step.name != "" and step.name == step_of(message.calls[0].id))


def _new_step(history: list[HistoryMessage], message: RequestMessage) -> CallStep:
    """Return the step that begins; the words of the model just before are of the same step.

    So are its pictures. They are left out: only the kept parts of the step can have them.
    """
    text = message.text
    while not text and history and _is_of_model(history[-1]):
        text = history.pop().text
    return CallStep("model", text, calls=message.calls, results={})


def _is_of_model(message: HistoryMessage) -> bool:
    return type(message) is MadePictures or (type(message) is HistoryMessage and message.role == "model")


def _answer(step: CallStep | None, message: RequestMessage) -> None:
    call = message.answers or ""
    if step is None or all(call != known.id for known in step.calls):
        raise _wrong(message.answers_path, "must be the id of a call just before")
    if call in step.results:
        raise _wrong(message.answers_path, "is answered already")
    step.results[call] = message.text


def _check_answered(step: CallStep | None) -> None:
    """Raise `Failure` for a call without a result, and for two calls of one id."""
    seen = set()
    for call in () if step is None else step.calls:
        if call.id in seen:
            raise _wrong(call.path, "has the id of another call")
        if step is not None and call.id not in step.results:
            raise _wrong(call.path, "must be followed by its result")
        seen.add(call.id)


def _wrong(path: str, words: str) -> Failure:
    return Failure("invalid_frame", f"{path} {words}.", field=path)
