"""The searches of people: words that stand everywhere, here and there or hardly anywhere; two at once; beginnings."""

import random
from collections.abc import Iterator
from typing import Final

_COMMON: Final = (0, 30)
_MIDDLING: Final = (300, 3_000)
_RARE: Final = (20_000, 60_000)
"""Ranks among the most frequent words."""


def searches(vocabulary: list[str], each: int, seed: int) -> Iterator[tuple[str, str]]:
    """So many searches of each kind, with the kind's name; the same ones for the same seed."""
    draw = random.Random(seed)
    ranks = {"a common word": _COMMON, "a middling word": _MIDDLING, "a rare word": _RARE}

    def word(kind: str) -> str:
        first, last = ranks[kind]
        return draw.choice(vocabulary[first : min(last, len(vocabulary))])

    for _ in range(each):
        for kind in ranks:
            yield kind, word(kind)
            whole = word(kind)
            yield f"{kind}'s beginning", whole[: max(2, len(whole) - draw.randint(1, 3))]
        yield "two common words", f"{word('a common word')} {word('a common word')}"
        yield "a common and a middling word", f"{word('a common word')} {word('a middling word')}"
        yield "two middling words", f"{word('a middling word')} {word('a middling word')}"
        yield "a rare and a common word", f"{word('a rare word')} {word('a common word')}"
        yield "nothing that is there", f"{word('a common word')}qqq"
