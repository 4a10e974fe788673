"""What one batch changes: filled by the pipeline, made durable by the lane in one commit."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from devices.findings import Finding
from devices.judging import LiftMemory
from devices.protocol import codec
from ingest.lane import Delivery
from ingest.timeseries.port import Answer, Point, Quarantined

UNKNOWN_AREA = "unknown"
KEPT_BYTES = codec.MAX_CALL
Outcome = tuple[str, str]  # area, outcome


@dataclass(slots=True)
class Draft:
    """What a batch changes once it is committed, and what became of each of its objects."""

    at: datetime
    points: list[Point] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    memories: dict[str, LiftMemory] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    lossy: list[Quarantined] = field(default_factory=list)  # taken, and kept for what was lost
    losses: Counter[str] = field(default_factory=Counter)  # by dialect
    lost: int = 0
    unknown_fields: int = 0

    def refuse(
        self, delivery: Delivery, area: str, reason: str, name: str, detail: str, raw: bytes
    ) -> None:
        """Keep what cannot be taken."""
        kept = Quarantined(
            delivery.topic, delivery.received_at, reason, name, detail, raw[:KEPT_BYTES]
        )
        self.quarantined.append(kept)
        self.outcomes[area, "quarantined"] += 1

    def keep_lossy(
        self, delivery: Delivery, reason: str, name: str, detail: str, raw: bytes
    ) -> None:
        """Keep the bytes of what was taken, but not wholly; it counts as what it was taken for."""
        at = delivery.received_at
        self.lossy.append(Quarantined(delivery.topic, at, reason, name, detail, raw[:KEPT_BYTES]))

    def by_area(self) -> Counter[str]:
        """How many objects came, by area."""
        areas: Counter[str] = Counter()
        for (area, _), number in self.outcomes.items():
            areas[area] += number
        return areas

    def take_over(self, other: "Draft") -> None:
        """Everything that another draft changes, in the same commit; what it says last counts."""
        self.points += other.points
        self.findings += other.findings
        self.quarantined += other.quarantined
        self.memories |= other.memories
        self.outcomes.update(other.outcomes)
        self.answers += other.answers
        self.lossy += other.lossy
        self.losses.update(other.losses)
        self.lost += other.lost
        self.unknown_fields += other.unknown_fields

    def shed_points(self) -> None:
        """Keep no point: what was to be stored is shed."""
        for (area, outcome), number in list(self.outcomes.items()):
            if outcome == "stored":
                self.outcomes[area, "shed"] += number
                del self.outcomes[area, outcome]
        self.points = []


@dataclass(slots=True)
class Reading:
    """A batch, and its draft as far as it is read: kept and gone on with, never begun again.

    Numbering moves as deliveries are read, so a draft that were begun again would take all of them
    for duplicates. `current` is the delivery that is being read; `counted`: its metrics are told.
    """

    deliveries: Sequence[Delivery]
    draft: Draft
    rest: Iterator[Delivery]
    current: Delivery | None = None
    counted: bool = False

    @classmethod
    def of(cls, deliveries: Sequence[Delivery], now: datetime) -> "Reading":
        """Nothing of it is read."""
        return cls(deliveries, Draft(now), iter(deliveries))
