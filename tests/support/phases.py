"""Scripts of the upstream that leave a turn in each of its phases."""

from support.functions import call, calls
from support.upstream import Script, fails, floods, is_silent, says_and_is_silent, starts_and_is_silent

PHASES: dict[str, Script] = {
    "before headers": is_silent,
    "before the first token": starts_and_is_silent,
    "between tokens": says_and_is_silent("Hello"),
    "in a retry's back-off": fails(503),
    "blocked in a send": floods,
}
THINKS = "while its client thinks"
SOCKET_PHASES = {**PHASES, THINKS: calls(call("clock", {}, signature="s"))}
"""Over HTTP a turn does not wait for results: it ends in its calls."""
