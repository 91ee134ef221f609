"""How long a turn waits for its upstream, and how often it asks."""

import msgspec

from deltawire.protocol.errors import Failure


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """How long a turn waits, in seconds, and how often it tries."""

    first_token: float
    """From asking the upstream to its first sign of life: a token, a thought, or work without text.

    A connection that cannot be made has a deadline of its own, which the upstream keeps (`GeminiClient`).
    """
    token: float
    """Between such signs."""
    turn: float
    """For all of it."""
    retries: int
    """After the first try."""
    retry_max_delay: float
    """The longest wait before a retry; a provider that asks for more is not waited for."""

    def failure(self, deadline: str) -> Failure:
        """What a client is told when the deadline of this name has passed."""
        late = {
            "first_token": f"The provider sent no first token within {self.first_token:g} s.",
            "token": f"The provider fell silent for {self.token:g} s in the middle of the answer.",
            "turn": f"The answer took longer than {self.turn:g} s in all.",
        }
        return Failure("upstream_timeout", late[deadline], cause=deadline)
