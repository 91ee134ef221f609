"""The provider's figures as the protocol's: input + tool + output + thought = total, whatever the provider's habit."""

from deltawire.gemini.events import UNKNOWN_COUNTS, Counts
from deltawire.gemini.response import UsageMetadata


class RunningCounts:
    """The figures of one stream so far.

    They are running totals: each object replaces the one before. What an object does not say, the one before it
    still says, and output that falls away (it does with built-in tools) stays the greatest that was seen.
    """

    __slots__ = ("_greatest_output", "last")

    def __init__(self) -> None:
        """Start with nothing said."""
        self.last: UsageMetadata | None = None
        """What they are now. An object that says all may be put in its place; any other is for `take`."""
        self._greatest_output = 0

    def take(self, usage: UsageMetadata) -> None:
        """Take the figures of one event."""
        last = self.last
        if last is not None and (
            not usage.total_token_count or (last.candidates_token_count and not usage.candidates_token_count)
        ):
            usage = self._merged(last, usage)
        self.last = usage

    def take_news(self, usage: UsageMetadata) -> bool:
        """Take the figures of one event; return whether they say something new."""
        before = self.last
        self.take(usage)
        return self.last != before

    def counts(self, *, has_text: bool) -> Counts:
        """The figures now; `has_text`: the answer has begun, so that an output of 0 is one that was not told."""
        if self.last is None:
            return UNKNOWN_COUNTS
        counts = _counts(self.last, self._greatest_output)
        if has_text and counts.output == 0 and not self.last.candidates_token_count:
            return Counts(counts.input, None, counts.thought, counts.tool, counts.cached, None)
        return counts

    def _merged(self, last: UsageMetadata, new: UsageMetadata) -> UsageMetadata:
        """What `new` says, and where it says nothing, what `last` said."""
        if not (new.prompt_token_count or new.candidates_token_count or new.total_token_count):
            return last
        output = new.candidates_token_count
        if not output:
            self._greatest_output = max(self._greatest_output, _counts(last, self._greatest_output).output or 0)
        return UsageMetadata(
            new.prompt_token_count or last.prompt_token_count,
            output,
            new.thoughts_token_count or last.thoughts_token_count,
            new.tool_use_prompt_token_count or last.tool_use_prompt_token_count,
            new.cached_content_token_count or last.cached_content_token_count,
            new.total_token_count,
        )


def _counts(usage: UsageMetadata, greatest_output: int) -> Counts:
    """The sums of the protocol. An object with none of prompt, output and total says nothing (Vertex sends such)."""
    prompt, output, total = usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count
    if prompt is None and output is None and total is None:
        return UNKNOWN_COUNTS
    thought = usage.thoughts_token_count or 0
    tool = usage.tool_use_prompt_token_count or 0
    cached = usage.cached_content_token_count or 0
    if output is not None and prompt is not None and total is not None:
        prompt, output, thought, tool = _reconciled(prompt, output, thought, tool, total)
    elif output is None and prompt is not None and total is not None:
        output = _rest(total, prompt + tool + thought)
    elif prompt is None and output is not None and total is not None:
        prompt = _rest(total, tool + output + thought)
    if not usage.candidates_token_count and greatest_output > (output or 0):
        output = greatest_output
    if prompt is not None and output is not None:
        cached = min(cached, prompt)
        total = prompt + tool + output + thought
    return Counts(prompt, output, thought, tool, cached, total)


def _reconciled(prompt: int, output: int, thought: int, tool: int, total: int) -> tuple[int, int, int, int]:
    """Prompt, output, thought and tool, each token counted once.

    Some providers count the thoughts inside the output, and the tools' tokens inside the prompt; the total shows it.
    A rest that nothing accounts for is thought that was not told, or else output.
    """
    over = prompt + tool + output + thought - total
    if over == 0:
        return prompt, output, thought, tool
    if over == thought + tool and output >= thought and prompt >= tool:
        return prompt - tool, output - thought, thought, tool
    if over == thought and output >= thought:
        return prompt, output - thought, thought, tool
    if over == tool and prompt >= tool:
        return prompt - tool, output, thought, tool
    if over < 0:
        return (prompt, output, thought - over, tool) if thought == 0 else (prompt, output - over, thought, tool)
    return prompt, output, thought, tool


def _rest(total: int, known: int) -> int | None:
    return total - known if total >= known else None
