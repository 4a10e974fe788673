"""Labelled traces of single lifts: what a gateway says in a situation, and what must be raised.

Each trace is a story of the field (domain practice: false trapping by sensors is common, doors are
noisy, technicians work in inspection mode). Times are seconds from the start. `raised` is what the
rules must raise, each with the earliest and latest second at which somebody must know. `again` is
what must be raised a second time, and no third; what is in neither map is not raised.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import msgspec

from devices.protocol.messages import Event, Heartbeat, Sensor, Status

Message = Event | Status | Heartbeat | Sensor
Step = tuple[float, Message]
_NOTHING: Mapping[str, tuple[float, float]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Trace:
    """A story: its steps in order of time, and its label."""

    name: str
    steps: tuple[Step, ...]
    raised: Mapping[str, tuple[float, float]] = field(default_factory=lambda: _NOTHING)
    until: float = 600.0
    again: Mapping[str, tuple[float, float]] = field(default_factory=lambda: _NOTHING)


def status(at: float, **told: object) -> Step:
    """A status at that second."""
    common = {"ts": int(1_795_420_800_000 + at * 1000), "seq": 1, "boot": "b"}
    return at, msgspec.convert({**common, **told}, Status)


def event(at: float, event_id: str, phase: str, code: str, **told: object) -> Step:
    """An event at that second."""
    common = {"ts": int(1_795_420_800_000 + at * 1000), "seq": 1, "boot": "b"}
    said = {**common, "event_id": event_id, "phase": phase, "code": code, **told}
    return at, msgspec.convert(said, Event)


def heartbeat(at: float, *, offline: bool = False) -> Step:
    """A heartbeat, or the last will, at that second."""
    return at, Heartbeat(ts=int(1_795_420_800_000 + at * 1000), seq=1, boot="b", offline=offline)


AT_FLOOR = {"car": "stopped", "door_zone": True, "door": "open"}
BETWEEN = {"car": "stopped", "door_zone": False, "door": "closed"}


def ride(start: float, bottom: int, top: int, *, occupied: bool = True) -> Iterator[Step]:
    """Door closes, the car runs a floor each two seconds, stops and opens."""
    at = start
    yield status(at, **AT_FLOOR, floor=bottom, occupied=occupied, mode="normal")
    yield status(at + 3, door="closed", occupied=occupied)
    yield status(at + 4, car="running", direction="up", door_zone=False, speed_m_s=1.5)
    for floor in range(bottom + 1, top + 1):
        at += 2
        yield status(at + 4, floor=floor)
    yield status(at + 5, car="stopped", direction="none", door_zone=True, speed_m_s=0)
    yield status(at + 7, door="open")
    yield status(at + 9, occupied=False)


def repeated(step: Mapping[str, object], start: float, end: float, every: float) -> Iterator[Step]:
    """The same status again and again."""
    at = start
    while at < end:
        yield status(at, **step)
        at += every


def trace(
    name: str,
    *parts: Step | Iterable[Step],
    raised: Mapping[str, tuple[float, float]] = _NOTHING,
    until: float = 600.0,
    again: Mapping[str, tuple[float, float]] = _NOTHING,
) -> Trace:
    """A trace of these steps and series of steps, in order of time."""
    steps: list[Step] = []
    for part in parts:
        if isinstance(part, tuple):
            steps.append(part)  # a step is a pair, a series is none
        else:
            steps += part
    return Trace(name, tuple(sorted(steps, key=lambda step: step[0])), raised, until, again)


def inspection_day() -> Iterator[Step]:
    """Technicians stop the car between floors, open doors and trip the chain."""
    yield status(0, mode="inspection", **BETWEEN, occupied=True, floor=4)
    for n, code in enumerate(("safety_chain", "door.open", "doorlock_chain", "stop.outside_zone")):
        yield event(30 + 40 * n, f"w{n}", "begin", code)
        yield event(60 + 40 * n, f"w{n}", "end", code)
    yield status(300, mode="normal", **AT_FLOOR, occupied=False)


TRACES: tuple[Trace, ...] = (
    trace("an ordinary ride", ride(0, 1, 9)),
    trace("a busy morning", *(ride(40 * n, 1, 9) for n in range(12))),
    trace(
        "stuck between floors with a passenger",
        ride(0, 1, 9),
        status(60, car="running", door="closed", door_zone=False, occupied=True, floor=3),
        status(63, car="stopped"),
        raised={"trapped.between": (120, 126)},
    ),
    trace(
        "stuck between floors, repeated every second",
        repeated({**BETWEEN, "occupied": True, "floor": 5}, 10, 300, 1),
        raised={"trapped.between": (69, 73)},
    ),
    trace(
        "stuck between floors, gateway names only what changed",
        status(0, mode="normal", **AT_FLOOR, occupied=False),
        status(10, occupied=True),
        status(14, door="closed"),
        status(15, car="running"),
        status(16, door_zone=False),
        status(22, car="stopped"),
        raised={"trapped.between": (81, 84)},
    ),
    trace(
        "stuck and moved on by itself within the minute",
        status(0, **BETWEEN, occupied=True),
        status(48, car="running"),
    ),
    trace(
        "stuck, the box tells it as an event",
        event(5, "e1", "begin", "trapped.between", floor=6, occupied=True),
        raised={"trapped.between": (64, 66)},
    ),
    trace(
        "trapped at a floor, told as an event, freed after ten minutes",
        event(5, "e1", "begin", "trapped.level", floor=6),
        event(590, "e1", "end", "trapped.level", floor=6),
        raised={"trapped.level": (64, 66)},
    ),
    trace(
        "false trapping: the box takes it back after twenty seconds",
        event(5, "e1", "begin", "trapped.level"),
        event(25, "e1", "end", "trapped.level"),
    ),
    trace(
        "false trapping again and again by a loose air-pressure sensor",
        *(
            step
            for n in range(8)
            for step in (
                event(70 * n, f"e{n}", "begin", "trapped.between"),
                event(70 * n + 30, f"e{n}", "end", "trapped.between"),
            )
        ),
    ),
    trace(
        "the occupancy sensor flickers in an empty car between floors",
        *(
            step
            for n in range(30)
            for step in (
                status(n * 20, **BETWEEN, occupied=True),
                status(n * 20 + 4, occupied=False),
            )
        ),
    ),
    trace(
        "a sensor drops out: door and zone are never told",
        repeated({"car": "stopped", "occupied": True}, 0, 300, 10),
    ),
    trace(
        "an empty car parked between floors",
        repeated({**BETWEEN, "occupied": False}, 0, 400, 30),
    ),
    trace(
        "somebody waits in a parked car behind closed doors at a floor",
        repeated(
            {"car": "stopped", "door_zone": True, "door": "closed", "occupied": True}, 0, 400, 30
        ),
    ),
    trace("inspection", inspection_day()),
    trace(
        "trapped in normal mode right after an inspection",
        status(0, mode="inspection", **BETWEEN, occupied=True),
        status(100, mode="normal"),
        raised={"trapped.between": (159, 162)},
    ),
    trace(
        "noisy door: a contact that bounces",
        *(
            step
            for n in range(40)
            for step in (
                event(n * 10, f"d{n}", "begin", "door.close"),
                event(n * 10 + 2, f"d{n}", "end", "door.close"),
            )
        ),
    ),
    trace(
        "a door that really does not close",
        event(20, "d1", "begin", "door.close"),
        raised={"door.close": (24, 27)},
    ),
    trace(
        "moving-in day: the door is held open for hours, the box complains",
        *(
            step
            for n in range(9)
            for step in (
                event(n * 60, f"d{n}", "begin", "door.close"),
                event(n * 60 + 40, f"d{n}", "end", "door.close"),
            )
        ),
        raised={"door.close": (4, 7)},
    ),
    trace(
        "power cut with a passenger: battery lowers the car",
        event(10, "p1", "begin", "power.off"),
        status(10, mode="emergency_power", **BETWEEN, occupied=True, power="battery"),
        status(40, car="running"),
        status(52, **AT_FLOOR, occupied=False),
        raised={"power.off": (9, 11)},
    ),
    trace(
        "power cut with a passenger and no battery: the gateway dies too",
        event(10, "p1", "begin", "power.off"),
        status(10, **BETWEEN, occupied=True),
        heartbeat(15, offline=True),
        raised={"power.off": (9, 11), "trapped.between": (69, 72)},
    ),
    trace(
        "the gateway restarts",
        heartbeat(10, offline=True),
        heartbeat(40),
        ride(60, 1, 4),
    ),
    trace(
        "overspeed and safety gear with a passenger",
        status(0, car="running", door="closed", door_zone=False, occupied=True, mode="normal"),
        event(3, "o1", "begin", "overspeed", floor=7, occupied=True),
        status(4, car="stopped", floor=7),
        raised={"overspeed": (2, 4), "trapped.between": (63, 66)},
    ),
    trace(
        "a box that never says end begins the same fault again",
        *(event(30 * n, f"s{n}", "begin", "safety_chain") for n in range(20)),
        raised={"safety_chain": (0, 1)},
    ),
    trace(
        "an e-bike is pushed in and out at once",
        event(5, "b1", "begin", "ebike"),
        event(8, "b1", "end", "ebike"),
    ),
    trace(
        "an e-bike rides along",
        event(5, "b1", "begin", "ebike"),
        event(60, "b1", "end", "ebike"),
        raised={"ebike": (9, 12)},
    ),
    trace(
        "power cut told by the status alone: battery",
        ride(0, 1, 4),
        status(30, power="mains"),
        repeated({"power": "battery", **AT_FLOOR}, 60, 200, 5),
        status(200, power="mains"),
        raised={"power.off": (69, 73)},
    ),
    trace(
        "power cut told by the mode alone: emergency power brings the car to a floor",
        status(5, mode="emergency_power", **BETWEEN, occupied=True),
        status(20, car="running"),
        status(32, **AT_FLOOR, occupied=False),
        raised={"power.off": (14, 18)},
    ),
    trace(
        "a dip of three seconds",
        status(5, power="battery"),
        status(8, power="mains"),
    ),
    trace(
        "a box with a flat mains relay: battery, and the event says it too",
        status(5, power="battery"),
        event(7, "p1", "begin", "power.off"),
        status(300, power="mains"),
        raised={"power.off": (14, 16)},
    ),
    trace(
        "technicians switch the mains off in inspection mode",
        status(0, mode="inspection", **AT_FLOOR),
        event(10, "p1", "begin", "power.off"),
        status(10, power="battery"),
        event(300, "p1", "end", "power.off"),
        status(301, power="mains"),
        status(310, mode="normal"),
    ),
    trace(
        "furniture is carried: the car stands loaded at a floor, its door opens and closes",
        repeated(
            {"mode": "normal", "car": "stopped", "door_zone": True, "door": "open", "load_kg": 640},
            0,
            600,
            30,
        ),
        repeated({"occupied": True}, 15, 600, 60),
        *(
            step
            for n in range(20)
            for step in (
                event(n * 30 + 2, f"m{n}", "begin", "door.close"),
                event(n * 30 + 5, f"m{n}", "end", "door.close"),
            )
        ),
    ),
    trace(
        "somebody trapped while the building is dark and the lift runs on its battery",
        status(5, power="battery", **BETWEEN, occupied=True, mode="normal"),
        raised={"power.off": (14, 18), "trapped.between": (64, 68)},
    ),
)
