"""What the telemetry lane holds of each lift, gateway and kitchen point while it runs.

A province has 200,000 of each, and they are touched with every message: so these are small mutable
records outside the garbage collector (none is ever forgotten), and what many of them have in common
is one value. Only the lane's one thread touches them.
"""

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from devices.judging import LiftMemory, Limits
from devices.protocol import codec, topics
from devices.protocol import messages as m
from devices.protocol.dialects.model import Heard, State
from devices.protocol.dialects.reading import Dialect
from devices.protocol.messages import Phase
from devices.protocol.topics import Realm, Topic
from ingest.admission import Seen
from ingest.deadband import Columns, Values
from ingest.device_clock import TRUSTED, DeviceClock
from ingest.timeseries.port import Value

REMEMBERED_EVENTS = 32
REMEMBERED_BARE = 512  # where nothing else tells that they were taken
_words = msgspec.json.Decoder(dict[str, Value]).decode
Marks = array  # of unsigned 64-bit numbers, the newest last
NO_MARKS: "Marks[int]" = array("Q")


class Line(msgspec.Struct, eq=False, gc=False):
    """One kind of message of one subject: what is known, and what was stored when."""

    columns: Columns
    told: Values
    stored: Values
    stored_us: int = 0


class Track(msgspec.Struct, eq=False, gc=False):
    """One subject of history: a lift by its rescue code, a gateway, a point of a kitchen.

    `gateway` is the id of the one that spoke last; `speaker` the gateway of which the registry, as
    it now stands, has said that it may speak for this lift.
    """

    key: str
    gateway: str = ""
    speaker: "GatewayTrack | None" = None
    received_us: int = 0
    event_us: int = 0
    limits: Limits | None = None
    memory: LiftMemory | None = None
    lines: tuple[Line, ...] = ()  # the kinds that it has sent; the first is nearly always the one
    recalled: bytes = b""  # JSON as the file has it: most lifts say it again before anybody asks
    shown_us: int = 0  # receipt as the pages see it

    def line(self, shape: Columns) -> Line:
        """What is known of messages of that shape."""
        for line in self.lines:
            if line.columns is shape:
                return line
        return self._new_line(shape)

    def _new_line(self, shape: Columns) -> Line:
        """A line of a kind that was not sent before; it takes over what was recalled of it."""
        line = Line(shape, shape.nothing, shape.nothing)
        if self.recalled:
            known = _words(self.recalled)
            line.told = tuple([known.pop(name, None) for name in shape.names])
            self.recalled = msgspec.json.encode(known) if known else b""
        self.lines = (*self.lines, line)
        return line

    def has_sent(self, kind: type[msgspec.Struct]) -> bool:
        """Whether such a message came since the start."""
        return any(line.columns.kind is kind for line in self.lines)

    def recall(self, words: Mapping[str, Value]) -> None:
        """Add words that were stored before a restart, newer than what is recalled."""
        known = _words(self.recalled) if self.recalled else {}
        self.recalled = msgspec.json.encode({**known, **words})

    def fields(self) -> dict[str, Value]:
        """Everything known, newest words over what was recalled."""
        known = _words(self.recalled) if self.recalled else {}
        for line in self.lines:
            known.update(line.columns.fields(line.told))
        return known


class GatewayTrack(msgspec.Struct, eq=False, gc=False):
    """One gateway: its numbering, its clock, and whom it speaks for."""

    id: str
    area: str
    place: "Place | None" = None  # where it speaks, once the registry has said that it may
    seen: Seen | None = None
    clock: DeviceClock = TRUSTED
    events: "Marks[int]" = NO_MARKS  # the newest facts that were taken
    own: Track | None = None  # what it says of itself
    only: Track | None = None  # the lift that is meant where it names none
    points: frozenset[str] = frozenset()  # of a kitchen
    heard_us: int = 0  # its newest word since the start
    uncounted: bool = False  # its numbering has moved since it was written down
    active: State | None = None  # of a dialect: the codes that its lists held last
    prints: "Marks[int]" = NO_MARKS  # of a dialect without numbers: what was taken lately


@dataclass(slots=True, eq=False)
class Spoken:
    """A dialect on one topic, and how the messages that it maps to are taken, by kind."""

    dialect: Dialect
    heard: Heard
    ways: dict[type[msgspec.Struct], "Way"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How what comes on a topic is read; every gateway of the canonical dialect shares them."""

    realm: Realm
    kind: m.Kind
    read: Callable[[bytes], m.Message]
    spoken: Spoken | None = None  # None: the canonical dialect

    def topic(self, gateway: GatewayTrack) -> Topic:
        """The topic on which that gateway says it."""
        return Topic(self.realm, gateway.area, gateway.id, self.kind)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One realm of one city: the first levels of its topics, and a way for each last one."""

    levels: str
    ways: Mapping[str, Way]


class Said(msgspec.Struct, gc=False):
    """One message that is worth looking at: who said it of whom, when it came and happened."""

    gateway: GatewayTrack
    way: Way
    track: Track
    message: m.Message
    at_us: int
    event_us: int


WAYS: Mapping[Realm, Mapping[str, Way]] = {
    realm: {
        str(kind): Way(realm, kind, codec.exact(Topic(realm, "", "", kind)))
        for kind in sorted(kinds)
    }
    for realm, kinds in topics.KINDS.items()
}


def event_mark(event_id: object, phase: object) -> int:
    """What is remembered of a begin or end that was taken."""
    key = f"{event_id}/{phase}"
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest())


def fact_mark(event_id: object, phase: object, boot: str | None, seq: int) -> int | None:
    """What is remembered of a fact that is a row, once; None where its number alone tells.

    Changes of one event share its id and phase: without a boot their `seq` tells them apart.
    """
    if phase != Phase.CHANGE:
        return event_mark(event_id, phase)
    return None if boot else event_mark(event_id, f"{phase}/{seq}")


def remember_fact(gateway: "GatewayTrack", mark: int | None, boot: str | None) -> None:
    """Know it when it comes again. Of gateways whose facts have no other number more are kept."""
    if mark is not None:
        most = max(REMEMBERED_EVENTS, len(gateway.events)) if boot else REMEMBERED_BARE
        gateway.events = remembered(gateway.events, mark, most)


def remembered(marks: "Marks[int]", mark: int, most: int) -> "Marks[int]":
    """The newest marks, with one more."""
    kept = marks[1 - most :]
    kept.append(mark)
    return kept
