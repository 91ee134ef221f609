"""The time-outs of a turn's upstream, and the number of its retries."""

import msgspec

from deltawire.protocol.errors import Failure


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """The time-outs of a turn, in seconds, and its retries."""

    first_token: float
    """From the request to the upstream to its first event: a token, a thought, or work without text.

    Making a connection has a time-out of its own, in the upstream (`GeminiClient`).
    """
    token: float
    """Between two such events."""
    turn: float
    """For the whole turn."""
    tool: float = 60.0
    """For the results of the functions that the model calls in one round."""
    retries: int
    """The number of attempts after the first one."""
    retry_max_delay: float
    """The longest wait before a retry. When the provider asks for a longer one, there is no retry."""

    def failure(self, deadline: str) -> Failure:
        """Return the failure of a deadline that has passed, by its name."""
        if deadline == "tool":
            message = f"The calls of the model were not all answered within {self.tool:g} s."
            return Failure("tool_timeout", message, cause=deadline)
        late = {
            "first_token": f"The provider sent no first token within {self.first_token:g} s.",
            "token": f"The provider sent nothing for {self.token:g} s in the middle of the answer.",
            "turn": f"The answer took longer than {self.turn:g} s in all.",
        }
        return Failure("upstream_timeout", late[deadline], cause=deadline)
