"""What the telemetry lane holds of each lift, gateway and kitchen point while it runs.

Plain mutable records with slots: a province has 200,000 of them, and they are touched with every
message. Only the lane's one thread touches them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import msgspec

from devices.judging import LiftMemory, Limits
from devices.protocol import messages as m
from devices.protocol.dialects.model import Heard, State
from devices.protocol.dialects.reading import Dialect
from devices.protocol.topics import Topic
from ingest.admission import Seen
from ingest.deadband import Columns, Values
from ingest.device_clock import TRUSTED, DeviceClock
from ingest.timeseries.port import Value

REMEMBERED_EVENTS = 32
_NO_LINES: "Mapping[type[msgspec.Struct], Line]" = MappingProxyType({})  # shared by all
_words = msgspec.json.Decoder(dict[str, Value]).decode


@dataclass(slots=True, eq=False)
class Line:
    """One kind of message of one subject: what is known, and what was stored when."""

    columns: Columns
    told: Values
    stored: Values
    stored_us: int = 0


@dataclass(slots=True, eq=False)
class Track:
    """One subject of history: a lift by its rescue code, a gateway, a point of a kitchen."""

    key: str
    gateway: str = ""
    received_us: int = 0
    event_us: int = 0
    limits: Limits | None = None
    memory: LiftMemory | None = None
    status: Line | None = None
    others: Mapping[type[msgspec.Struct], Line] = field(default_factory=lambda: _NO_LINES)
    recalled: bytes = b""  # JSON as the file has it: most lifts say it again before anybody asks
    shown_us: int = 0  # receipt as the pages see it

    def line(self, kind: type[msgspec.Struct], shape: Columns) -> Line:
        """A new line for a kind of message that the subject has not yet sent.

        It takes over what was recalled of its fields.
        """
        line = Line(shape, shape.nothing, shape.nothing)
        if self.recalled:
            known = _words(self.recalled)
            line.told = tuple([known.pop(name, None) for name in shape.names])
            self.recalled = msgspec.json.encode(known) if known else b""
        if kind is m.Status:
            self.status = line
        else:
            self.others = {**self.others, kind: line}
        return line

    def recall(self, words: Mapping[str, Value]) -> None:
        """Add words that were stored before a restart, newer than what is recalled."""
        known = _words(self.recalled) if self.recalled else {}
        self.recalled = msgspec.json.encode({**known, **words})

    def fields(self) -> dict[str, Value]:
        """Everything known, newest words over what was recalled."""
        known = _words(self.recalled) if self.recalled else {}
        for line in (self.status, *self.others.values()):
            if line is not None:
                known.update(line.columns.fields(line.told))
        return known


@dataclass(slots=True, eq=False)
class GatewayTrack:
    """One gateway: its numbering, its clock and the lifts that it named so far."""

    id: str
    area: str
    seen: Seen | None = None
    clock: DeviceClock = TRUSTED
    events: tuple[str, ...] = ()  # the newest begins and ends, by event id and phase
    lifts: dict[str | None, Track] = field(default_factory=dict)
    points: frozenset[str] = frozenset()  # of a kitchen
    heard_us: int = 0  # its newest word since the start
    kept_us: int = 0  # when its numbering was last written down
    active: State | None = None  # of a dialect: the codes that its lists held last
    prints: dict[int, None] | None = None  # of a dialect without numbers: what was taken lately


@dataclass(slots=True, eq=False)
class Spoken:
    """A dialect on one topic, and the routes of the messages that it maps to, by kind."""

    dialect: Dialect
    heard: Heard
    routes: dict[type[msgspec.Struct], "Route"] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Route:
    """One topic of an enrolled gateway: how its payloads are read."""

    topic: Topic
    gateway: GatewayTrack
    read: Callable[[bytes], m.Message]
    spoken: Spoken | None = None  # None: the canonical dialect


def remembered(events: tuple[str, ...], key: str) -> tuple[str, ...]:
    """The newest begins and ends of a gateway, with one more."""
    return (*events[1 - REMEMBERED_EVENTS :], key)
