"""What a store of telemetry history promises, whoever keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from devices.findings import Finding
from devices.judging import LiftMemory

Value = float | int | str | bool


@dataclass(frozen=True, slots=True)
class Point:
    """One accepted message. `lift` is a rescue code, or a key such as `kitchen-code/point`."""

    lift: str
    received_at: datetime
    device_at: datetime
    fields: Mapping[str, Value]
    kind: str = "status"
    gateway: str = ""
    seq: int | None = None
    boot: str = ""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What could not be taken: reason word, field and detail, and at most 4 KiB of its bytes."""

    topic: str
    received_at: datetime
    reason: str
    field: str
    detail: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that one commit makes safe."""

    at: datetime
    points: Sequence[Point] = ()
    findings: Sequence[Finding] = ()
    quarantined: Sequence[Quarantined] = ()
    memories: Mapping[str, LiftMemory] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Window:
    """Which numeric field of which lift, from `start` up to `end`, in steps of `step`."""

    lift: str
    field: str
    start: datetime
    end: datetime
    step: timedelta


@dataclass(frozen=True, slots=True)
class Sample:
    """One step of a series; `at` is the step's beginning, `last` its newest value."""

    at: datetime
    mean: float
    min: float
    max: float
    last: float


@dataclass(frozen=True, slots=True)
class Series:
    """Steps that hold something, oldest first."""

    points: tuple[Sample, ...]


class TimeSeriesStore(Protocol):
    """History of telemetry, with the hand-off of what was found in the same commit."""

    def commit(self, batch: Batch) -> None:
        """Make the batch durable as a whole, or raise and keep none of it."""
        ...

    def window(self, window: Window) -> Series:
        """The field aggregated per step."""
        ...

    def last_points(self, lift: str, limit: int) -> list[Point]:
        """The newest points of a lift, newest first."""
        ...
