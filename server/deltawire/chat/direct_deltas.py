"""The short way of a delta: from the callback that received it to its client, without a step of the turn's task.

To resume the task for each delta took a quarter of the delta's instructions.
"""

from collections.abc import Callable

from deltawire.aio.timeouts import InterruptibleTimeout
from deltawire.chat.clock import TurnClock
from deltawire.chat.event_frames import EventFrames, SendNow
from deltawire.chat.history import Draft
from deltawire.gemini.events import Event, Text
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Delta, encode


class DirectDeltas:
    """Sends the texts of one turn while its task waits for them."""

    __slots__ = ("_clock", "_made", "_scope", "_send_now")

    def __init__(self, send_now: SendNow, made: EventFrames, scope: InterruptibleTimeout, clock: TurnClock) -> None:
        """`scope` bounds the wait for the next token."""
        self._send_now = send_now
        self._made = made
        self._scope = scope
        self._clock = clock

    def take(self, event: Event) -> bool:
        """Send a text, and wait for the next token from now on; return False for what the task has to do."""
        if type(event) is not Text:
            return False
        try:
            deadline = self._clock.next_token_by()
        except Failure:  # the task meets it again
            return False
        if not self._made.send_text(event.text, self._send_now):
            return False
        self._scope.until(deadline)
        return True


def sender(send_now: Callable[[bytes], bool], draft: Draft | None) -> SendNow:
    """Return a function that sends a delta by `send_now`, and adds it to the draft of its socket's history."""

    def send(delta: Delta) -> bool:
        is_sent = send_now(encode(delta))
        if is_sent and draft is not None:
            draft.add(delta.text)
        return is_sent

    return send
