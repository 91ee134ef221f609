"""The end of an answer: the provider's finish reason, and the proof that the answer is complete."""

import re
from typing import Any, Final

from deltawire.gemini.reading.loose_json import as_list, as_object
from deltawire.gemini.reading.response import Candidate, PromptFeedback
from deltawire.protocol.errors import TABLE, Failure

_NUMBERS: Final = ("finish_reason_unspecified", "stop", "max_tokens", "safety", "recitation", "other")
"""Finish reasons by their number in the enum, where the Gemini API and Vertex AI agree; any other is `other`."""
_NO_REASONS: Final = {"", "finish_reason_unspecified", "cancelled", *TABLE}
"""Words that do not count as a finish reason: the enum's default has no meaning, the others are this server's own."""
_not_a_word = re.compile(r"[^a-z0-9_]")


class Finish:
    """The end of one answer, as far as it is known."""

    __slots__ = ("_finished_texts", "_has_feedback", "_is_counted", "is_blocked", "reason")

    def __init__(self) -> None:
        """Start with an answer that has not begun."""
        self.reason: str | None = None
        self._is_counted = False
        self._finished_texts = 0
        self._has_feedback = False
        self.is_blocked = False
        """True once the provider has reported that it refused the prompt."""

    @property
    def is_proven(self) -> bool:
        """True once the finish reason and all counts have come: nothing that follows changes the answer.

        Old Vertex streams send STOP with each piece of text, so there it proves nothing.
        """
        return self.reason is not None and self._is_counted and self._finished_texts < 2

    def take(self, candidate: Candidate | None, *, has_text: bool, counted: bool) -> None:
        """Process an event: `has_text` is True when it had text, `counted` when it had all counts."""
        word = finish_word(candidate.finish_reason) if candidate is not None else None
        if word is not None:
            self.reason = word
            self._finished_texts += has_text
        elif has_text:
            self.reason = None  # the answer went on, so it was not the end
        if has_text:
            self._is_counted = False
        if counted and self.reason is not None:
            self._is_counted = True

    def take_feedback(self, feedback: PromptFeedback) -> None:
        """Process the provider's feedback on the prompt."""
        self._has_feedback = True
        ratings = map(as_object, as_list(feedback.safety_ratings))
        if feedback.block_reason or any(rating.get("blocked") in (True, "true") for rating in ratings):
            self.is_blocked = True

    def check(self, *, has_answer: bool) -> None:
        """Raise `Failure` for a body that ended before the model had finished, and for a refused prompt.

        Feedback on the prompt without any answer is a block without a reason. A refused prompt may have a finish
        reason, too.
        """
        if self.reason is None or (self.is_blocked and not has_answer):
            is_blocked = self.is_blocked or (self._has_feedback and not has_answer)
            raise Failure("blocked" if is_blocked else "upstream_truncated")


def finish_word(reason: Any) -> str | None:
    """Return a finish reason in the protocol's spelling, `[a-z0-9_]{1,64}`; None for one that does not count."""
    if isinstance(reason, str) and reason.isascii() and reason.isdigit() and len(reason) < 4:
        reason = int(reason)
    if isinstance(reason, int) and not isinstance(reason, bool):
        word = _NUMBERS[reason] if 0 <= reason < len(_NUMBERS) else "other"
    elif isinstance(reason, str):
        word = _not_a_word.sub("_", reason.lower())[:64]
    else:
        return None
    return None if word in _NO_REASONS else word
