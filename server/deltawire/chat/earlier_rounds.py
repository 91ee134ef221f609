"""The counts of a turn of several rounds, added up."""

from typing import Final, NamedTuple

from msgspec import UNSET, UnsetType
from msgspec.structs import asdict, replace

from deltawire.gemini.events import UNKNOWN_COUNTS, Counts
from deltawire.protocol.usage_figures import Modalities

_NUMBERS: Final = tuple(name for name in Counts.__struct_fields__ if name != "modalities")


class EarlierRounds(NamedTuple):
    """The counts of the rounds that are over, added up. A count that one of them lacks is not known."""

    counts: Counts = UNKNOWN_COUNTS
    cost: float | None = None
    """Dollars; None when it is not known."""
    is_complete: bool = True
    """False when one of them had no counts at all; then the sum is that of the others."""

    def plus(self, counts: Counts, cost: float | None) -> "EarlierRounds":
        """Return the sum with another round."""
        if counts == UNKNOWN_COUNTS:
            return self._replace(is_complete=False)
        if self.counts == UNKNOWN_COUNTS:
            return EarlierRounds(counts, cost, self.is_complete)
        pairs = [(getattr(self.counts, name), getattr(counts, name)) for name in _NUMBERS]
        sums = [None if one is None or other is None else one + other for one, other in pairs]
        total = replace(Counts(*sums), modalities=_sum_modalities(self.counts, counts))  # type: ignore[arg-type]  # never queries
        return EarlierRounds(total, None if self.cost is None or cost is None else self.cost + cost, self.is_complete)


def shown_modalities(modalities: Modalities) -> Modalities | UnsetType:
    """Return the tokens by modality as a client gets them; nothing where all of them are text."""
    if all(split is UNSET or split.keys() <= {"text"} for split in asdict(modalities).values()):
        return UNSET
    return modalities


def _sum_modalities(one: Counts, other: Counts) -> Modalities | None:
    """Return the tokens of two rounds by modality. A kind stays out where one of them counted it without modalities."""
    added = {kind: _sum_splits(_split(one, kind), _split(other, kind)) for kind in Modalities.__struct_fields__}
    return Modalities(**{kind: split for kind, split in added.items() if split})


def _split(counts: Counts, kind: str) -> dict[str, int] | None:
    modalities = UNSET if counts.modalities is None else getattr(counts.modalities, kind)
    return modalities or ({} if getattr(counts, kind) == 0 else None)


def _sum_splits(one: dict[str, int] | None, other: dict[str, int] | None) -> dict[str, int] | None:
    if one is None or other is None:
        return None
    return {name: one.get(name, 0) + other.get(name, 0) for name in one | other}
