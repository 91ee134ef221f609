"""The laws of every run, with an arithmetic of their own: nothing here uses the code that counts in the server."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bench.chaos import tools
from bench.chaos.people import NAMES, ClientTurn
from bench.chaos.provider import Attempt, Counted
from bench.chaos.world import (
    DOLLARS_A_MILLION,
    DOLLARS_OF_MODEL_B,
    TURNS_AT_ONCE,
    TURNS_PER_MINUTE,
    Evidence,
)

KINDS_OF_TOKENS = ("input", "output", "thought", "cached", "total")
WINDOW_SECONDS = 59.0
"""A little less than a minute: the clocks are those of two processes."""

Figures = tuple[str, str, int | None, int | None, int | None, int | None, int | None, int | None]
"""Caller, model, tokens in the order of `KINDS_OF_TOKENS`, billionths of a dollar."""


def broken_laws(evidence: Evidence) -> list[str]:
    """Return a line for each law that does not hold."""
    laws = (
        *(ends, texts, figures, log, bugs, metrics, kept, usage, at_once, each_minute, budgets, the_rest),
        *(tools.calls_and_results, tools.sources),
    )
    return evidence.problems + [f"{law.__name__}: {line}" for law in laws for line in law(evidence)]


def ends(evidence: Evidence) -> Iterator[str]:
    """Every turn has one end, and nothing follows it."""
    for turn in evidence.turns:
        if turn.is_wrong:
            yield f"{turn.id} ({turn.kind}, {turn.transport}): {turn.is_wrong}"
    logged = Counter(line["turn"] for life in evidence.lives for line in life.turns)
    yield from (f"{turn} has {times} ends in the log" for turn, times in logged.items() if times > 1)


def texts(evidence: Evidence) -> Iterator[str]:
    """Yield each difference between the texts that the provider sent, a client received, and the store has."""
    for turn in evidence.turns:
        ways = tools.whole_turns(evidence.provider.attempts[turn.id])
        answers = ["".join(attempt.text for attempt in way) for way in ways]
        end = turn.end
        if turn.kind == "flood":
            if turn.text.strip("x"):
                yield f"{turn.id}: a flood of x became something else"
        elif end is not None and end["type"] == "usage" and end["finish_reason"] != "cancelled":
            if turn.text not in answers:
                yield f"{turn.id} ({turn.kind}): told {turn.text[:50]!r}, said {answers!r:.200}"
        elif turn.text and not any(text.startswith(turn.text) for text in answers):
            yield f"{turn.id} ({turn.kind}): {turn.text[:50]!r} is no beginning of {answers!r:.200}"
        message = (turn.usage or {}).get("message")
        if message is not None:
            stored = evidence.stored.get(message)
            if stored is None:
                yield f"{turn.id}: its answer was told, and is not stored"
            elif stored["text"] != turn.text:
                yield f"{turn.id}: {stored['text'][:50]!r} is stored, {turn.text[:50]!r} was told"


def figures(evidence: Evidence) -> Iterator[str]:
    """Tokens are those that the provider counted, and dollars are the sum by the prices."""
    for turn in evidence.turns:
        usage = turn.usage
        if usage is None or usage["total_tokens"] is None:
            continue
        counts = list(tools.sums_of(evidence.provider.attempts[turn.id]))
        named = Counted(*(usage[f"{kind}_tokens"] for kind in ("input", "output", "thought", "cached")))
        if named not in counts or usage["total_tokens"] != named.total:
            yield f"{turn.id} ({turn.kind}): told {named}, the provider counted {counts[-3:]}"
        if round(usage["cost_usd"] * 1e9) != price(usage["model"], named):
            yield f"{turn.id}: ${usage['cost_usd']} for {named} of {usage['model']}"
        if turn.end is not None and turn.end["type"] == "usage" and usage["finish_reason"] != "cancelled":
            last = _last_of(evidence.provider.attempts[turn.id], turn.text)
            if last is not None and named != last:
                yield f"{turn.id}: told {named}, the last count was {last}"


def _last_of(attempts: list[Attempt], text: str) -> Counted | None:
    ways = [way for way in tools.whole_turns(attempts) if all(attempt.counts for attempt in way)]
    found = [way for way in ways if "".join(attempt.text for attempt in way) == text]
    return tools.sum_of([attempt.counts[-1] for attempt in found[-1]]) if found else None


def price(model: str, counts: Counted) -> int:
    """Billionths of a dollar; a dollar for a million tokens is a thousand of them a token."""
    prompt, output, cached = (round(dollars * 1000) for dollars in DOLLARS_A_MILLION[model])
    return (counts.input - counts.cached) * prompt + counts.cached * cached + (counts.output + counts.thought) * output


def log(evidence: Evidence) -> Iterator[str]:
    """The log says of each turn what its client was told. Only a killed server may have lost its last lines."""
    lines = {line["turn"]: line for life in evidence.lives for line in life.turns}
    not_admitted = {line["turn"] for life in evidence.lives for line in life.not_admitted}
    yield from (f"{turn} was admitted, and was not" for turn in not_admitted & lines.keys())
    for turn in evidence.turns:
        if turn.end is None or is_refusal(turn):
            continue
        if turn.id in not_admitted:
            if has_counts(turn):
                yield f"{turn.id}: it was not admitted, and was told {turn.usage}"
        elif (line := lines.get(turn.id)) is not None:
            yield from _differences(turn, line)
        elif turn.life == len(evidence.lives) - 1:
            yield f"{turn.id} ({turn.kind}): its end was told, and is not in the log: {turn.end}"


def _differences(turn: ClientTurn, line: dict[str, Any]) -> Iterator[str]:
    end = turn.end or {}
    if line["end"] != (end.get("code") or end["finish_reason"]):
        yield f"{turn.id}: told {end.get('code') or end['finish_reason']}, logged {line['end']}"
    if turn.usage is not None and figures_of_frame(turn) != figures_of_line(line):
        yield f"{turn.id}: told {figures_of_frame(turn)}, logged {figures_of_line(line)}"


def bugs(evidence: Evidence) -> Iterator[str]:
    """Nothing that the server did not expect has happened."""
    for life in evidence.lives:
        yield from (f"{line}" for line in life.server.lines if line["event"] == "bug")
        if "Traceback" in life.server.output:
            yield "a stack trace was printed"


def metrics(evidence: Evidence) -> Iterator[str]:
    """The metrics of the last life are the sums of its log."""
    read = evidence.metrics
    if read is None:
        yield "they could not be read"
        return
    lines = evidence.lives[-1].turns
    counted = sum(read.value("turns_total", **labels) for labels in read.labelled("turns_total"))
    if counted != len(lines):
        yield f"{counted} turns, {len(lines)} in the log"
    for kind in ("input", "output", "thought", "cached"):
        tokens = sum(
            read.value("tokens_total", **labels) for labels in read.labelled("tokens_total") if labels["kind"] == kind
        )
        if tokens != (logged := sum(line.get(f"{kind}_tokens", 0) for line in lines)):
            yield f"{tokens} {kind} tokens, {logged} in the log"
    dollars, logged_dollars = read.value("cost_usd_total"), sum(line.get("cost_usd", 0) for line in lines)
    if abs(dollars - logged_dollars) > 1e-6:
        yield f"${dollars}, ${logged_dollars} in the log"
    if read.value("turns_running"):
        yield f"{read.value('turns_running')} turns still run"


def kept(evidence: Evidence) -> Iterator[str]:
    """The table of usage has every turn that was told or logged, also after a kill; and in the last life no other."""
    rows = Counter(figures_of_row(row) for row in evidence.rows)
    received = Counter(figures_of_frame(each) for each in evidence.turns if has_counts(each))
    logged = Counter(figures_of_line(line) for life in evidence.lives for line in life.turns)
    yield from (f"{lost} was told, and is not kept" for lost in received - rows)
    yield from (f"{lost} was logged, and is not kept" for lost in logged - rows)
    last = evidence.lives[-1]
    rows_of_last = Counter(figures_of_row(row) for row in evidence.rows if row["ended"] >= last.began)
    logged_last = Counter(figures_of_line(line) for line in last.turns)
    yield from (f"{more} is kept, and not logged" for more in rows_of_last - logged_last)


def usage(evidence: Evidence) -> Iterator[str]:
    """`GET /usage` sums up the same turns as the table, where all are counted in one place."""
    plan = evidence.plan
    if plan.counted == "memory" and plan.workers > 1:
        return  # each worker counts for itself
    began = 0.0 if plan.counted == "redis" else evidence.lives[-1].began
    for name in NAMES:
        rows = [row for row in evidence.rows if row["caller"] == f"key:{name}" and row["ended"] >= began]
        turns = [turn for turn in evidence.turns if turn.caller == name and has_counts(turn)]
        if plan.counted == "memory":
            turns = [turn for turn in turns if turn.life == len(evidence.lives) - 1]
        models = [model for day in evidence.usage[name]["days"] for model in day["models"]]
        for what, shown, kept_, received in (
            ("turns", sum(model["turns"] for model in models), len(rows), len(turns)),
            ("tokens", *_sums(models, rows, turns, "total_tokens")),
            ("billionths of a dollar", *_dollars(models, rows, turns)),
        ):
            is_exact = len(evidence.lives) == 1 or plan.counted == "memory"
            if not received <= shown <= kept_ or (is_exact and shown != kept_):
                yield f"{name}: {shown} {what}; {kept_} are kept, and {received} were told"


def _sums(models: list[Any], rows: list[Any], turns: list[ClientTurn], name: str) -> tuple[int, int, int]:
    return (
        sum(model[name] or 0 for model in models),
        sum(row[name] or 0 for row in rows),
        sum((turn.usage or {}).get(name) or 0 for turn in turns),
    )


def _dollars(models: list[Any], rows: list[Any], turns: list[ClientTurn]) -> tuple[int, int, int]:
    return (
        sum(round((model["cost_usd"] or 0) * 1e9) for model in models),
        sum(row["nanodollars"] or 0 for row in rows),
        sum(round(((turn.usage or {}).get("cost_usd") or 0) * 1e9) for turn in turns),
    )


def counters(evidence: Evidence) -> int:
    """Return how many counters there were, one after the other or beside each other: those in memory begin anew."""
    plan = evidence.plan
    return 1 if plan.counted == "redis" else plan.workers * len(evidence.lives)


def at_once(evidence: Evidence) -> Iterator[str]:
    """No caller has more turns at once than the limit allows, as the provider sees it."""
    allowed = TURNS_AT_ONCE * (evidence.plan.workers if evidence.plan.counted == "memory" else 1)
    for caller, most in evidence.provider.most_at_once.items():
        if most > allowed:
            yield f"{caller} had {most} turns at once, and may have {allowed}"


def each_minute(evidence: Evidence) -> Iterator[str]:
    """No caller begins more turns in a minute than the limit allows."""
    allowed = TURNS_PER_MINUTE * counters(evidence)
    for caller, times in evidence.provider.requested_at.items():
        times.sort()
        for began, ended in zip(times, times[allowed:], strict=False):
            if ended - began < WINDOW_SECONDS:
                yield f"{caller} began more than {allowed} turns within {ended - began:.1f} s"
                break


def budgets(evidence: Evidence) -> Iterator[str]:
    """A budget is overdrawn by no more than the turns that ran when it was used up."""
    budget = round(DOLLARS_OF_MODEL_B * 1e9)
    for name in NAMES:
        costs = [
            row["nanodollars"] or 0
            for row in evidence.rows
            if row["caller"] == f"key:{name}" and row["model"] == "model-b"
        ]
        beyond = TURNS_AT_ONCE * max(costs, default=0)
        if sum(costs) > (budget + beyond) * counters(evidence):
            yield f"{name} spent {sum(costs)} billionths with model-b, of {budget}; {beyond} may run beyond it"


def the_rest(evidence: Evidence) -> Iterator[str]:
    """The server stops well, and leaves nothing open."""
    if evidence.exit_code != 0:
        yield f"exit code {evidence.exit_code}"
    if evidence.left_open:
        yield f"{evidence.left_open} requests to the provider are open"


def is_refusal(turn: ClientTurn) -> bool:
    """Return whether a turn was refused before it was admitted: then it has no account."""
    end = turn.end
    refusals = ("rate_limited", "budget_exhausted", "overloaded", "draining", "too_many_turns", "unauthenticated")
    return (
        end is not None
        and end["type"] == "error"
        and end["usage"] is None
        and (end["code"] in (*refusals, "store_unavailable", "not_found"))
    )


def has_counts(turn: ClientTurn) -> bool:
    """Return whether a turn was told its tokens, so that every account must have it."""
    return turn.usage is not None and turn.usage["total_tokens"] is not None


def figures_of_frame(turn: ClientTurn) -> Figures:
    usage = turn.usage or {}
    cost = usage["cost_usd"]
    tokens = [usage[f"{kind}_tokens"] for kind in KINDS_OF_TOKENS] if usage["total_tokens"] is not None else [None] * 5
    return (f"key:{turn.caller}", usage["model"], *tokens, None if cost is None else round(cost * 1e9))


def figures_of_line(line: dict[str, Any]) -> Figures:
    cost = line.get("cost_usd")
    tokens = [line.get(f"{kind}_tokens") for kind in KINDS_OF_TOKENS] if "total_tokens" in line else [None] * 5
    return (line["caller"], line["model"], *tokens, None if cost is None else round(cost * 1e9))


def figures_of_row(row: dict[str, Any]) -> Figures:
    return (row["caller"], row["model"], *(row[f"{kind}_tokens"] for kind in KINDS_OF_TOKENS), row["nanodollars"])
