"""Convert the provider's token counts to the protocol's: input + tool + output + thought = total."""

from msgspec.structs import replace

from deltawire.gemini.events import UNKNOWN_COUNTS, Counts
from deltawire.gemini.reading.modalities import modalities_of
from deltawire.gemini.reading.response import UsageMetadata


class RunningCounts:
    """The token counts of one stream so far.

    They are running totals: each object replaces the one before. A count that an object leaves out keeps its last
    value. An output count that disappears (it does with built-in tools) stays at the greatest value seen.
    """

    __slots__ = ("_greatest_output", "last")

    def __init__(self) -> None:
        """Start without counts."""
        self.last: UsageMetadata | None = None
        """The current counts. A complete object may be assigned here; any other must go through `take`."""
        self._greatest_output = 0

    def take(self, usage: UsageMetadata) -> None:
        """Store the counts of one event."""
        last = self.last
        if last is not None and (
            not usage.total_token_count or (last.candidates_token_count and not usage.candidates_token_count)
        ):
            usage = self._merged(last, usage)
        self.last = usage

    def take_news(self, usage: UsageMetadata) -> bool:
        """Store the counts of one event; return True when they change the current ones."""
        before = self.last
        self.take(usage)
        if usage.has_details:
            usage.release_payload()
        return self.last != before

    def counts(self, *, has_output: bool) -> Counts:
        """Return the current counts. With `has_output` the answer has begun, so an output of 0 is unknown."""
        if self.last is None:
            return UNKNOWN_COUNTS
        counts = _counts(self.last, self._greatest_output)
        if has_output and counts.output == 0 and not self.last.candidates_token_count:
            counts = Counts(counts.input, None, counts.thought, counts.tool, counts.cached, None)
        if self.last.has_details:
            return replace(counts, modalities=modalities_of(self.last, counts))
        return counts

    def _merged(self, last: UsageMetadata, new: UsageMetadata) -> UsageMetadata:
        """Return the counts of `new`, and those of `last` where `new` has none."""
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
            (new if new.prompt_token_count else last).prompt_tokens_details,
            (new if output else last).candidates_tokens_details,
            (new if new.tool_use_prompt_token_count else last).tool_use_prompt_tokens_details,
            (new if new.cached_content_token_count else last).cache_tokens_details,
        )


def _counts(usage: UsageMetadata, greatest_output: int) -> Counts:
    """Return the protocol's counts; unknown ones for an object without prompt, output and total (Vertex sends such)."""
    prompt, output, total = usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count
    if prompt is None and output is None and total is None:
        return UNKNOWN_COUNTS
    thought = usage.thoughts_token_count or 0
    tool = usage.tool_use_prompt_token_count or 0
    cached = usage.cached_content_token_count or 0
    if output is not None and prompt is not None and total is not None:
        prompt, output, thought, tool = _reconciled(prompt, output, thought, tool, total)
    elif output is None and prompt is not None and total is not None:
        output = _remainder(total, prompt + tool + thought)
    elif prompt is None and output is not None and total is not None:
        prompt = _remainder(total, tool + output + thought)
    if not usage.candidates_token_count and greatest_output > (output or 0):
        output = greatest_output
    if prompt is not None and output is not None:
        cached = min(cached, prompt)
        total = prompt + tool + output + thought
    return Counts(prompt, output, thought, tool, cached, total)


def _reconciled(prompt: int, output: int, thought: int, tool: int, total: int) -> tuple[int, int, int, int]:
    """Return prompt, output, thought and tool, with each token counted once.

    Some providers count the thoughts inside the output, and the tools' tokens inside the prompt; the total shows it.
    A remainder of the total is thought when no thought was reported, else output.
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


def _remainder(total: int, counted: int) -> int | None:
    return total - counted if total >= counted else None
