"""What a proof is to do, how far it is, and what it has seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from hub.proof import books
from hub.proof.draining import Drained


@dataclass(frozen=True, slots=True)
class Aim:
    """What is to be done."""

    messages: int
    kills: int
    calls: int
    conditions: int
    seed: int
    rate: float = 0.0  # messages a second; 0: as fast as they are taken
    within: timedelta = timedelta(hours=1)
    away: timedelta = timedelta(0)  # how long InfluxDB is away, once, and nothing else dies


@dataclass(slots=True)
class Progress:
    """How far it is, to be shown."""

    said: int = 0
    kept: int = 0
    killed: int = 0
    answered: int = 0
    doing: str = "starting"


@dataclass(slots=True)
class Outcome:
    """What was seen. `problems` is empty where the promise held."""

    telemetry: books.Telemetry
    figures: Mapping[str, float]
    balance: Mapping[str, float]  # by city: received less all that became of it
    story: Sequence[str]
    problems: Sequence[str]
    said_in_s: float
    kept_in_s: float
    receipts_s: Sequence[float]  # sorted
    lateness_s: Sequence[float]  # sorted: from the device's word to the hub's receipt
    killed: Mapping[str, int] = field(default_factory=dict)
    drained: Drained | None = None
