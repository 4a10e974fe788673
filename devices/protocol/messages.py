"""Messages on the wire, version 1: one struct a kind, with the bounds of the contract.

The bounds stand in the types, so that decoding checks them. Instants on the wire are integer
milliseconds since 1970 UTC by the device's clock (`ts`); nothing here trusts them.
"""

import re
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from devices.codes import EVENT_CODES

Millis = Annotated[int, Meta(ge=0, le=9_007_199_254_740_991)]
Seq = Annotated[int, Meta(ge=0, le=9_007_199_254_740_991)]
Boot = Annotated[str, Meta(min_length=1, max_length=32)]
EventId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+\Z")]
LiftCode = Annotated[str, Meta(pattern=r"^([0-9]{6}|[0-9]{20})\Z")]
Floor = Annotated[int, Meta(ge=-9, le=199)]
People = Annotated[int, Meta(ge=0, le=99)]
Note = Annotated[str, Meta(max_length=500)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Count = Annotated[int, Meta(ge=0, le=9_007_199_254_740_991)]
Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9_.]+\Z")]

_EVENTS = "|".join(map(re.escape, sorted(EVENT_CODES)))
EventCode = Annotated[str, Meta(pattern=rf"^({_EVENTS})\Z")]


class Kind(StrEnum):
    """The last level of a topic."""

    CALL = "call"
    RECEIPT = "receipt"
    EVENT = "event"
    STATUS = "status"
    STATS = "stats"
    HEARTBEAT = "heartbeat"
    CMD = "cmd"
    CMD_ACK = "cmd-ack"
    SENSOR = "sensor"
    FINDING = "finding"


class CallPhase(StrEnum):
    """Begin and end of a call for help, or a test of that ability."""

    BEGIN = "begin"
    END = "end"
    TEST = "test"


class CallSource(StrEnum):
    """What made the device call."""

    BUTTON = "button"
    INTERCOM = "intercom"
    INFERRED = "inferred"


class Phase(StrEnum):
    """Begin and end of an event carry the same event id; a change lies between them."""

    BEGIN = "begin"
    CHANGE = "change"
    END = "end"


class Mode(StrEnum):
    """Service mode; names after GB/T 24476-2017's real-time status set."""

    STOPPED = "stopped"
    NORMAL = "normal"
    INSPECTION = "inspection"
    FIRE_RETURN = "fire_return"
    FIREFIGHTERS = "firefighters"
    EMERGENCY_POWER = "emergency_power"
    EARTHQUAKE = "earthquake"
    UNKNOWN = "unknown"


class Motion(StrEnum):
    """Whether the car (or the steps of an escalator) moves."""

    STOPPED = "stopped"
    RUNNING = "running"


class Direction(StrEnum):
    """Direction of travel."""

    NONE = "none"
    UP = "up"
    DOWN = "down"


class Door(StrEnum):
    """Car door."""

    CLOSED = "closed"
    OPEN = "open"
    OPENING = "opening"
    CLOSING = "closing"
    UNKNOWN = "unknown"


class Power(StrEnum):
    """What feeds the lift."""

    MAINS = "mains"
    BATTERY = "battery"


class CallTest(Struct, frozen=True):
    """What a test call proves (EN 81-28 practice)."""

    microphone: bool
    loudspeaker: bool
    battery_pct: Percent


class Call(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody in the car asks for help, or a test. Repeated until its receipt arrives."""

    ts: Millis
    event_id: EventId
    phase: CallPhase
    source: CallSource
    lift: LiftCode | None = None
    people: People | None = None
    floor: Floor | None = None
    note: Note = ""
    test: CallTest | None = None


class Receipt(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Answer to one call: it is safe in the hub, or refused with the reason."""

    event_id: str
    accepted: bool
    incident: str | None = None
    received_at: str | None = None
    reason: str | None = None
    detail: str | None = None


class Event(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something began, changed or ended; `code` is a canonical key of devices.codes."""

    ts: Millis
    seq: Seq
    boot: Boot
    event_id: EventId
    phase: Phase
    code: EventCode
    lift: LiftCode | None = None
    floor: Floor | None = None
    occupied: bool | None = None


class Status(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """State of a lift; every field but `ts` and `seq` is optional.

    Speeds in m/s, up positive; load in kg; temperature in °C. Escalators use `operation`.
    """

    ts: Millis
    seq: Seq
    boot: Boot
    lift: LiftCode | None = None
    mode: Mode | None = None
    car: Motion | None = None
    direction: Direction | None = None
    floor: Floor | None = None
    door_zone: bool | None = None
    door: Door | None = None
    occupied: bool | None = None
    speed_m_s: Annotated[float, Meta(ge=-20, le=20)] | None = None
    load_kg: Annotated[float, Meta(ge=0, le=20_000)] | None = None
    car_temp_c: Annotated[float, Meta(ge=-40, le=90)] | None = None
    power: Power | None = None
    operation: Motion | None = None


class Stats(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Counters since installation: cumulated, never falling but at a reset."""

    ts: Millis
    seq: Seq
    boot: Boot
    lift: LiftCode | None = None
    run_count: Count | None = None
    run_hours: Annotated[float, Meta(ge=0)] | None = None
    door_cycles: Count | None = None
    trips: Count | None = None
    rope_bends: Count | None = None
    distance_m: Annotated[float, Meta(ge=0)] | None = None


class Heartbeat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The gateway lives; also its last will, with `offline` true.

    A will is composed at connection: it happens when the hub receives it, and has no part in the
    numbering (`seq` 0). A number of its own would leave a gap, counted as lost.
    """

    ts: Millis
    seq: Seq
    boot: Boot
    signal_dbm: Annotated[float, Meta(ge=-200, le=20)] | None = None
    battery_pct: Percent | None = None
    firmware: Annotated[str, Meta(max_length=32)] | None = None
    uptime_s: Annotated[float, Meta(ge=0)] | None = None
    offline: bool = False


class Command(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hub to device: play a voice text, show a text, send status now, set the clock."""

    cmd_id: EventId
    name: Annotated[str, Meta(pattern=r"^(play_voice|show_text|send_status|set_clock)\Z")]
    args: dict[str, str] = field(default_factory=dict)
    expires_at: str | None = None


class CommandAck(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answer to a command."""

    cmd_id: EventId
    ok: bool
    detail: Note = ""


class Sensor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kitchen's sensor point, such as a cold room."""

    ts: Millis
    seq: Seq
    boot: Boot
    point: Annotated[str, Meta(min_length=1, max_length=64)]
    temperature_c: Annotated[float, Meta(ge=-80, le=300)] | None = None
    humidity_pct: Percent | None = None


class CameraFinding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a smart camera or edge box suspects in a kitchen."""

    ts: Millis
    seq: Seq
    event_id: EventId
    phase: Phase
    camera: Annotated[str, Meta(min_length=1, max_length=32)]
    code: Code
    boot: Boot | None = None
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    snapshot_url: Annotated[str, Meta(max_length=500)] | None = None


class CameraStatus(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """States of a kitchen's cameras by camera id, as its edge box sees them."""

    ts: Millis
    seq: Seq
    boot: Boot
    cameras: Annotated[
        dict[
            Annotated[str, Meta(min_length=1, max_length=32)],
            Annotated[str, Meta(pattern=r"^(live|stalled|offline|unknown)\Z")],
        ],
        Meta(max_length=100),
    ] = field(default_factory=dict)


Message = (
    Call
    | Receipt
    | Event
    | Status
    | Stats
    | Heartbeat
    | Command
    | CommandAck
    | Sensor
    | CameraFinding
    | CameraStatus
)
