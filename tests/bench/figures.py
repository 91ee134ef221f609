"""Everything that one run has measured."""

from dataclasses import dataclass, field
from typing import NamedTuple

from bench.measure import Idle, Load, Round
from bench.services import Service


class Lane(NamedTuple):
    """A service over one of its transports."""

    service: Service
    transport: str

    def __str__(self) -> str:
        """As a table names it."""
        return f"{self.service.name}, {'socket' if self.transport == 'socket' else 'SSE'}"


@dataclass
class Figures:
    """The figures of one run; rounds of the same load are added up."""

    direct: dict[int, Round] = field(default_factory=dict)
    """By the number of streams."""
    paced: dict[Lane, dict[int, Round]] = field(default_factory=dict)
    unpaced: dict[Lane, Round] = field(default_factory=dict)
    steady: dict[Lane, Round] = field(default_factory=dict)
    direct_burst: Round | None = None
    burst: dict[Lane, Round] = field(default_factory=dict)
    turns: dict[Lane, Round] = field(default_factory=dict)
    """Turns of a single chunk, one after the other."""
    strangers: float = 0.0
    """Cores that other processes of the machine kept busy meanwhile: the less, the better the figures."""
    on_aiohttp: Round | None = None
    idle: dict[str, list[Idle]] = field(default_factory=dict)
    """By the service's name."""
    starts: dict[str, float] = field(default_factory=dict)
    workers: tuple[Round, Round] | None = None

    def add_direct(self, load: Load, round_: Round) -> None:
        """Note a round without a relay."""
        _add(self.direct, load.streams, round_)

    def add(self, lane: Lane, load: Load, round_: Round) -> None:
        """Note a round."""
        _add(self.paced.setdefault(lane, {}), load.streams, round_)


def _add(rounds: dict[int, Round], streams: int, round_: Round) -> None:
    rounds[streams] = rounds[streams] + round_ if streams in rounds else round_
