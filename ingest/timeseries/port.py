"""What a store of telemetry history promises, whoever keeps it.

Theory of operation. History is ordered by event time (`Point.device_at`): what a gateway sends
late stands where it belongs. Two messages of one lift and millisecond stay two points.
Acknowledging and handing off never depend on a store: that commit is `dayfiles.DayFiles`, and a
store that is not in the same file is fed from its spool.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

from core.errors import HubError
from devices.findings import Finding
from devices.judging import LiftMemory

Value = float | int | str | bool


# A struct and not a dataclass: one is made for every row, at a fifth of the price.
class Point(msgspec.Struct, frozen=True, gc=False):
    """One accepted message. `lift` is a rescue code, or a key such as `kitchen-code/point`."""

    lift: str
    received_at: datetime
    device_at: datetime
    fields: Mapping[str, Value]
    kind: str = "status"
    gateway: str = ""
    seq: int | None = None
    boot: str = ""


ACK = "cmd-ack"  # a kind of message without a number of its own
WILL = "will"  # the phase of a last will


class Numbered(NamedTuple):
    """What a stored message tells of its gateway's numbering; `event` is what its fields told.

    Without `boot` it has no number, and tells of its event alone.
    """

    gateway: str
    boot: str
    seq: int
    event: tuple[Value, Value] | None = None  # its id and its phase


def event_of(fields: Mapping[str, Value]) -> tuple[Value, Value] | None:
    """The id and the phase of the event that these fields tell of, or the command answered."""
    if (answered := fields.get("cmd_id")) is not None:
        return answered, ACK
    event_id, phase = fields.get("event_id"), fields.get("phase")
    return None if event_id is None or phase is None else (event_id, phase)


def will_of(gateway: str, boot: str, seq: int) -> Numbered:
    """What a stored last will tells: it has no part in the numbering, and may come again."""
    return Numbered(gateway, "", 0, (f"{boot}/{seq}", WILL))


class Position(NamedTuple):
    """A row of a day file, by the file's day; those behind it came later."""

    day: str
    row: int


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
class Answer:
    """What became of one row of a file that another process fills: `source` and `row` name it.

    about: the kept object (`day/row`) that was asked about, if one was.
    """

    source: str
    row: int
    outcome: str
    reason: str = ""
    field: str = ""
    detail: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that one commit makes safe."""

    at: datetime
    points: Sequence[Point] = ()
    findings: Sequence[Finding] = ()
    quarantined: Sequence[Quarantined] = ()
    memories: Mapping[str, LiftMemory] = field(default_factory=dict)
    answers: Sequence[Answer] = ()


class Fill(StrEnum):
    """What stands for a step that holds nothing."""

    NONE = "none"  # no sample
    GAP = "gap"  # a sample without figures
    PREVIOUS = "previous"  # the last figure of an earlier step, a gap before the first


@dataclass(frozen=True, slots=True)
class Window:
    """Which numeric field of which lift, from `start` up to `end`, in steps of `step`."""

    lift: str
    field: str
    start: datetime
    end: datetime
    step: timedelta
    fill: Fill = Fill.NONE


@dataclass(frozen=True, slots=True)
class Sample:
    """One step of a series; `at` is the step's beginning, `last` its newest value.

    Without figures (`count` 0) the step holds nothing; see Fill. `increase` is what a counter
    counted since the last value before this step (of the window), a reset counted from zero; None
    for what is no counter (figures.COUNTERS).
    """

    at: datetime
    mean: float | None
    min: float | None
    max: float | None
    last: float | None
    count: int
    increase: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """The steps of a window, oldest first."""

    points: tuple[Sample, ...]


class History(Protocol):
    """What pages and reports read."""

    def window(self, window: Window) -> Series:
        """The field aggregated per step; a field that is no number has no steps."""
        ...

    def windows(self, lifts: Sequence[str], window: Window) -> dict[str, Series]:
        """The same window of many lifts (`window.lift` is not looked at); every lift is a key."""
        ...

    def latest(self, lifts: Sequence[str]) -> dict[str, Point]:
        """The newest point of each lift that has any."""
        ...

    def last_points(self, lift: str, limit: int) -> list[Point]:
        """The newest points of a lift, newest first; `device_at` to the millisecond."""
        ...

    def counts(self, first: date, final: date) -> dict[date, int]:
        """Points per day (UTC, event time) from `first` to `final`; days without any are absent."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """A point that a store will not take, and why in the store's words."""

    point: Point
    words: str
    field: str = ""


class WriteRefused(HubError):  # noqa: N818  (named for the caller's next step)
    """Some points can never be stored; every other point of the write is."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(f"{len(refusals)} refused, the first: {refusals[0].words}")
        self.refusals = tuple(refusals)


class TimeSeriesStore(History, Protocol):
    """History that can be written: points written again change nothing."""

    def write(self, points: Sequence[Point]) -> None:
        """Make the points durable; raises WriteRefused for those that can never be.

        Raises Unavailable when it is not known what was written: write them again later.
        """
        ...

    def expire(self, before: datetime) -> None:
        """Forget every point of an earlier event time; roll-ups may stay."""
        ...
