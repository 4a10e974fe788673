"""Labelled scenes of buildings and cities: from what gateways say to what a seat sees on its list.

A scene runs through the real telemetry lane and the real hand-off on a manual clock. `told` is what
must stand on the list as an alarm of its own when it ends, open or over: a subject and a code.
What is folded under another alarm does not count, and anything else is wrong. The building has four
lifts, 235275 to 235278, each with its gateway, B1 to B4.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from alerts.follower import Follower
from devices.directory import load_directory
from tests.support.buildings import Building
from tests.support.rescue import Rescue
from tests.support.telemetry import Room

TICK_S = 10
BUILDING, CITY = "235275", "410100"
HOME = ("B1", "B2", "B3", "B4")


@dataclass(frozen=True, slots=True)
class Says:
    """A gateway publishes one object."""

    at: float
    gateway: str
    kind: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Hub:
    """From here on the hub is `up`, without the broker's connection (`deaf`), or `away`."""

    at: float
    state: str


Step = Says | Hub
Told = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Scene:
    """A story, its label and its size."""

    name: str
    steps: tuple[Step, ...]
    told: Told
    until: float = 900.0
    lifts: int = 4


def beats(gateways: Iterable[str], start: float, end: float) -> Iterator[Says]:
    """Each of them sends a heartbeat a minute."""
    for n, gateway in enumerate(gateways):
        at = start + n % 10
        while at < end:
            yield Says(at, gateway, "heartbeat", {})
            at += 60


def power(gateway: str, at: float, phase: str = "begin") -> Says:
    """A lift tells that its power went or came back."""
    said = {"event_id": f"p-{gateway}", "phase": phase, "code": "power.off"}
    return Says(at, gateway, "event", said)


def state(gateway: str, at: float, **fields: object) -> Says:
    """A status."""
    return Says(at, gateway, "status", fields)


def will(gateway: str, at: float) -> Says:
    """The broker publishes a gateway's last will."""
    return Says(at, gateway, "heartbeat", {"offline": True})


def scene(
    name: str,
    *parts: Step | Iterable[Step],
    told: Iterable[tuple[str, str]] = (),
    until: float = 900.0,
    lifts: int = 4,
) -> Scene:
    """A scene of these steps and series of steps, in order of time."""
    steps: list[Step] = []
    for part in parts:
        steps += [part] if isinstance(part, Says | Hub) else part
    steps.sort(key=lambda step: step.at)
    return Scene(name, tuple(steps), frozenset(told), until, lifts)


CUT = (BUILDING, "power.building")
OFFLINE = "device.offline"
MANY = tuple(f"B{n}" for n in range(1, 41))

SCENES: tuple[Scene, ...] = (
    scene("an ordinary quarter of an hour", beats(HOME, 0, 900)),
    scene(
        "the whole building is dark, gateways on batteries",
        beats(HOME, 0, 900),
        (power(each, 100 + n) for n, each in enumerate(HOME)),
        told=[CUT],
    ),
    scene(
        "half of the building is dark: one riser of two",
        beats(HOME, 0, 900),
        power("B1", 100),
        power("B2", 103),
        told=[CUT],
    ),
    scene(
        "one lift is switched off",
        beats(HOME, 0, 900),
        power("B3", 100),
        told=[("235277", "power.off")],
    ),
    scene(
        "the power is back after five minutes",
        beats(HOME, 0, 900),
        (power(each, 100 + n) for n, each in enumerate(HOME)),
        (power(each, 400 + n, "end") for n, each in enumerate(HOME)),
        told=[CUT],
    ),
    scene(
        "two lifts go to their batteries and tell no event",
        beats(HOME, 0, 900),
        (state(each, 100 + n, power="battery") for n, each in enumerate(HOME[:2])),
        told=[CUT],
    ),
    scene(
        "gateways without batteries die with the mains, with their wills",
        beats(HOME, 0, 100),
        (will(each, 130 + 20 * n) for n, each in enumerate(HOME)),
        told=[CUT],
    ),
    scene(
        "gateways die with the mains, and no will comes",
        beats(HOME, 0, 100),
        told=[CUT],
    ),
    scene(
        "one lift tells of the cut, the others are dead at once",
        beats(HOME[:1], 0, 900),
        beats(HOME[1:], 0, 100),
        power("B1", 101),
        (will(each, 160 + n) for n, each in enumerate(HOME[1:])),
        told=[CUT],
    ),
    scene(
        "somebody is trapped in the dark building",
        beats(HOME, 0, 900),
        (power(each, 100 + n) for n, each in enumerate(HOME)),
        state("B2", 100, car="stopped", door_zone=False, door="closed", occupied=True),
        told=[CUT, ("235276", "trapped.between")],
    ),
    scene(
        "somebody presses the alarm in the dark building",
        beats(HOME, 0, 900),
        (power(each, 100 + n) for n, each in enumerate(HOME)),
        Says(130, "B4", "event", {"event_id": "a1", "phase": "begin", "code": "alarm.button"}),
        told=[CUT, ("235278", "alarm.button")],
    ),
    scene(
        "a router of the building restarts",
        beats(HOME, 0, 100),
        beats(HOME, 220, 900),
    ),
    scene(
        "a gateway falls silent",
        beats(HOME[1:], 0, 900),
        beats(HOME[:1], 0, 200),
        told=[("B1", OFFLINE)],
    ),
    scene(
        "a gateway falls silent and its will comes",
        beats(HOME[1:], 0, 900),
        beats(HOME[:1], 0, 200),
        will("B1", 260),
        told=[("B1", OFFLINE)],
    ),
    scene(
        "two gateways of four fail within the hour",
        beats(HOME[2:], 0, 1500),
        beats(HOME[:1], 0, 200),
        beats(HOME[1:2], 0, 700),
        told=[("B1", OFFLINE), ("B2", OFFLINE)],
        until=1500,
    ),
    scene(
        "the hub restarts while a gateway is silent",
        beats(HOME[1:], 0, 5000),
        beats(HOME[:1], 0, 200),
        Hub(300, "away"),
        Hub(3900, "up"),
        told=[("B1", OFFLINE)],
        until=4500,
    ),
    scene(
        "the hub restarts, and everybody is there",
        beats(HOME, 0, 5000),
        Hub(300, "away"),
        Hub(3900, "up"),
        until=4500,
    ),
    scene(
        "the broker is lost for an hour with all its messages",
        beats(HOME, 0, 300),
        Hub(301, "deaf"),
        Hub(3900, "up"),
        beats(HOME, 3960, 4800),
        until=4800,
    ),
    scene(
        "the network of the city fails",
        beats(MANY, 0, 200),
        told=[(CITY, "area.offline")],
        lifts=40,
    ),
    scene(
        "the network of the city fails and comes back, but for two",
        beats(MANY, 0, 200),
        beats(MANY[2:], 800, 1800),
        told=[(CITY, "area.offline"), ("B1", OFFLINE), ("B2", OFFLINE)],
        until=1800,
        lifts=40,
    ),
    scene(
        "five gateways of forty fail: no matter of the city",
        beats(MANY[5:], 0, 900),
        beats(MANY[:5], 0, 200),
        told=[(each, OFFLINE) for each in MANY[:5]],
        lifts=40,
    ),
)


def play(of: Scene, folder: Path) -> Told:
    """What stands on a seat's list when the scene has ended."""
    folder.mkdir(parents=True, exist_ok=True)
    rescue = Rescue(folder)
    home = Building(rescue, of.lifts)
    registry = rescue.database.read(load_directory)
    source = folder / "telemetry"
    room = Room(source, clock=rescue.clock, registry=lambda: registry)
    follower = Follower(
        rescue.database, {"telemetry/0": source}, rescue.policies, rescue.clock, None
    )
    steps, away = list(of.steps), False
    for _ in range(int(of.until) // TICK_S):
        rescue.clock.advance(timedelta(seconds=TICK_S))
        passed = rescue.clock.monotonic()
        while steps and steps[0].at <= passed:
            step = steps.pop(0)
            if isinstance(step, Says):
                _say(room, step)
                continue
            if away and step.state != "away":
                room = room.restart()
            away, room.broker.up = step.state == "away", step.state != "deaf"
        if not away:
            room.settle()
            follower.run_once()
    room.close()
    told = frozenset((a.subject, a.code) for a in home.alarms() if not a.folded_into)
    rescue.database.close()
    return told


def _say(room: Room, step: Says) -> None:
    topic = f"lift/v1/{CITY}/{step.gateway}/{step.kind}"
    room.broker.put(topic, room.words(**step.fields))
