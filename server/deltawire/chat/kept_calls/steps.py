"""The steps of OpenAI's conversations as the provider takes them: with its own parts, or with plain ones."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from deltawire.chat.function_responses import calls_of, responses
from deltawire.chat.kept_calls.store import StepStore
from deltawire.chat.turn import Turn
from deltawire.gemini.functions import plain_calls
from deltawire.gemini.messages import Content, StoredMessage, exchange_of
from deltawire.gemini.schema import check_nesting
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure, too_large
from deltawire.protocol.openai.calls import CallStep, arguments_text, call_id, result_of
from deltawire.protocol.tools import ToolAnswer


class KeptCalls:
    """Keeps the model's parts of turns that end in calls, and puts them into the requests that bring the results.

    Clients of OpenAI's wire drop fields that they do not know, so a signature of the provider cannot travel with them.
    """

    def __init__(self, store: StepStore, max_chars: int, max_bytes: int) -> None:
        """`max_chars` bounds the calls and results of a request; `max_bytes` the kept parts that it is asked with."""
        self._store = store
        self._max_chars = max_chars
        self._max_bytes = max_bytes

    async def keep(self, caller: str, turn: Turn) -> None:
        """Keep the parts of a turn that has ended, where it ended in calls."""
        rounds = turn.rounds
        if rounds.is_left_in_calls:
            await self._store.keep(caller, _key(turn.usage.model, turn.id), rounds.contents[-1].parts)

    async def with_kept_parts(self, caller: str, request: ChatRequest, model: str) -> ChatRequest:
        """Return a request whose steps are as this model of the provider takes them: its own ones with its parts.

        Raise `Failure` for too much of them.
        """
        steps = [message for message in request.history or () if isinstance(message, CallStep)]
        if not steps:
            return request
        for step in steps:
            for call in step.calls:
                check_nesting(call.arguments, call.path)
        if sum(map(_chars_of, steps)) > self._max_chars:
            raise too_large("history", self._max_chars)
        keys = {_key(model, step.name): step.name for step in steps if step.name}
        stored = await self._store.find(caller, list(keys))
        found = self._within({keys[key]: parts for key, parts in stored.items()}, steps)
        history = [
            _stored(message, found.get(message.name), model) if isinstance(message, CallStep) else message
            for message in request.history or ()
        ]
        return replace(request, history=history)

    async def close(self) -> None:
        """Close the store."""
        await self._store.close()

    def _within(self, found: dict[str, bytes], steps: Sequence[CallStep]) -> dict[str, bytes]:
        """Return the parts within `max_bytes`, the newest first: the provider checks only the last signatures."""
        room, kept = self._max_bytes, {}
        for step in reversed(steps):
            parts = found.get(step.name)
            if parts is not None and step.name not in kept:
                room -= len(parts)
                if room < 0:
                    break
                kept[step.name] = parts
        return kept


def _key(model: str, step: str) -> str:
    """Return the key of a step's parts: their signatures are valid for the model that made them."""
    return f"{model}:{step}"


def _chars_of(step: CallStep) -> int:
    call_chars = sum([len(call.name) + len(arguments_text(call.arguments)) for call in step.calls])
    return len(step.text) + call_chars + sum(map(len, step.results.values()))


def _stored(step: CallStep, parts: bytes | None, model: str) -> StoredMessage:
    """Return a step with these parts; with plain ones where there are none, or where they are of other calls."""
    call_ids = [call.id for call in step.calls]
    calls = () if parts is None else calls_of(parts)
    names = [call_id(step.name, index) for index in range(len(calls))]
    if parts is None or set(names) != set(call_ids):
        names, parts = call_ids, plain_calls(step.text, [(call.name, call.arguments) for call in step.calls], model)
    results = {name: ToolAnswer(call=name, result=_result_of(text)) for name, text in step.results.items()}
    contents = (Content("model", parts), Content("user", responses(parts, names, results)))
    return StoredMessage("model", step.text, parts=exchange_of(contents), signed_for=model)


def _result_of(text: str) -> Any:
    """Return a result as the provider takes it. An object that is nested too deeply to be sent goes as its text."""
    result = result_of(text)
    try:
        check_nesting(result, "result")
    except Failure:
        return text
    return result
