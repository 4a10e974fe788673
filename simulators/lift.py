"""One car and its door, as a pure machine of (car, command, now).

Theory of operation. A car serves trips one after the other: it runs empty to the caller's floor,
opens, takes people in, closes, runs to their floor, opens, lets them out, closes. A run is a
trapezoid: constant acceleration, at most the rated speed, constant deceleration; position and
speed at any instant follow from it in closed form, so what is reported can never contradict
itself. The machine only stops at its milestones (door moves, the departure, each midpoint
between two floors, the arrival), each of which is the instant of one report.

A jam stops the car at the next midpoint between floors, doors closed, people inside. A release
lets a crew level it slowly, in inspection mode, to the floor it shows; there the door opens.

Instants here are seconds since 1970 as floats (`_s`), one axis for all cars of a fleet.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import sqrt

from devices.protocol.messages import Boot, Direction, Door, Mode, Motion, Power, Status

STOREY_M = 3.0
ZONE_M = 0.2  # half the door zone
ACCELERATION_M_PER_S2 = 0.8
LEVELLING_M_PER_S = 0.25
DOOR_MOVE_S = 2.2
DWELL_S = 4.0
DEPARTURE_S = 0.4  # the first report of a run: the car then moves measurably
PERSON_KG = 70
TRIPS_KEPT = 3  # whoever finds more waiting takes the stairs


class Phase(StrEnum):
    """What the car does until `due_s`."""

    IDLE = "idle"
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    RUNNING = "running"
    STUCK = "stuck"
    LEVELLING = "levelling"


@dataclass(frozen=True, slots=True)
class Limits:
    """What is particular to one lift. `min_floor` < `max_floor`."""

    min_floor: int
    max_floor: int
    rated_speed_m_per_s: float
    rated_load_kg: int


@dataclass(frozen=True, slots=True)
class Trip:
    """People at `origin` who want to go to `destination`."""

    origin: int
    destination: int
    people: int


@dataclass(frozen=True, slots=True)
class Jam:
    """The car will stop between floors with people in it.

    That many get in before; a car that is already occupied keeps the people it has.
    """

    people: int


@dataclass(frozen=True, slots=True)
class Release:
    """A crew brings the car to its floor and lets the people out."""


Command = Trip | Jam | Release


@dataclass(frozen=True, slots=True)
class Run:
    """A trapezoid from `start_m` to `end_m`, begun at `begin_s`; top speed is `peak_m_per_s`."""

    start_m: float
    end_m: float
    begin_s: float
    peak_m_per_s: float

    @property
    def sign(self) -> int:
        """1 for up, -1 for down."""
        return 1 if self.end_m > self.start_m else -1

    @property
    def ramp_s(self) -> float:
        """Seconds of acceleration, and of deceleration."""
        return self.peak_m_per_s / ACCELERATION_M_PER_S2

    @property
    def duration_s(self) -> float:
        """Seconds from start to standstill."""
        return abs(self.end_m - self.start_m) / self.peak_m_per_s + self.ramp_s

    def position_m(self, at_s: float) -> float:
        """Height at that instant; start and end outside the run."""
        gone = min(max(at_s - self.begin_s, 0.0), self.duration_s)
        left = self.duration_s - gone
        if gone < self.ramp_s:
            way = ACCELERATION_M_PER_S2 * gone * gone / 2
        elif left < self.ramp_s:
            way = abs(self.end_m - self.start_m) - ACCELERATION_M_PER_S2 * left * left / 2
        else:
            way = self.peak_m_per_s * (gone - self.ramp_s / 2)
        return self.start_m + self.sign * way

    def speed_m_per_s(self, at_s: float) -> float:
        """Speed at that instant, up positive; 0 outside the run."""
        gone = min(max(at_s - self.begin_s, 0.0), self.duration_s)
        edge = min(gone, self.duration_s - gone) * ACCELERATION_M_PER_S2
        return self.sign * min(edge, self.peak_m_per_s)

    def when_s(self, at_m: float) -> float:
        """The instant at which the car is at that height, which lies on its way."""
        way = abs(at_m - self.start_m)
        whole = abs(self.end_m - self.start_m)
        ramp_m = self.peak_m_per_s * self.ramp_s / 2
        if way < ramp_m:
            return self.begin_s + sqrt(2 * way / ACCELERATION_M_PER_S2)
        if whole - way < ramp_m:
            left = sqrt(2 * max(whole - way, 0.0) / ACCELERATION_M_PER_S2)
            return self.begin_s + self.duration_s - left
        return self.begin_s + way / self.peak_m_per_s + self.ramp_s / 2


def run_between(start_m: float, end_m: float, begin_s: float, limit_m_per_s: float) -> Run:
    """The quickest trapezoid within the limit, which short ways never reach. There is a way."""
    peak = min(limit_m_per_s, sqrt(abs(end_m - start_m) * ACCELERATION_M_PER_S2))
    return Run(start_m, end_m, begin_s, peak)


@dataclass(frozen=True, slots=True)
class Car:
    """Everything a car remembers. `due_s` is its next milestone; None: it waits for a command."""

    phase: Phase
    floor: int
    height_m: float
    due_s: float | None = None
    people: int = 0
    trips: tuple[Trip, ...] = ()
    boarded: bool = False  # the people of trips[0] are in the car
    run: Run | None = None
    crossings: tuple[tuple[float, int], ...] = ()  # (instant, floor shown from then on)
    jam: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What sensors say of a car at one instant."""

    mode: Mode
    car: Motion
    direction: Direction
    floor: int
    door_zone: bool
    door: Door
    speed_m_per_s: float
    occupied: bool
    load_kg: int


def parked(floor: int) -> Car:
    """An empty car at a floor, door closed."""
    return Car(Phase.IDLE, floor, floor * STOREY_M)


def tell(car: Car, command: Command, limits: Limits, now_s: float) -> Car:
    """Give a car a command. One that makes no sense in its state changes nothing."""
    match command:
        case Trip():
            return _take(car, command, limits, now_s)
        case Jam(people):
            if car.phase in (Phase.STUCK, Phase.LEVELLING):
                return car
            jammed = replace(car, jam=people)
            return _jam_idle(jammed, limits, now_s) if car.phase is Phase.IDLE else jammed
        case Release():
            return _release(car, now_s)


def _take(car: Car, trip: Trip, limits: Limits, now_s: float) -> Car:
    inside = all(limits.min_floor <= f <= limits.max_floor for f in (trip.origin, trip.destination))
    full = len(car.trips) >= TRIPS_KEPT
    if full or not inside or trip.origin == trip.destination or car.phase is Phase.STUCK:
        return car
    queued = replace(car, trips=(*car.trips, trip))
    return _go_on(queued, limits, now_s) if car.phase is Phase.IDLE else queued


def _jam_idle(car: Car, limits: Limits, now_s: float) -> Car:
    """People who had just got in press a floor next door; the midpoint on the way is the trap."""
    target = car.floor + 1 if car.floor < limits.max_floor else car.floor - 1
    boarded = replace(
        car, people=max(car.jam or 1, 1), trips=(Trip(car.floor, target, 1),), boarded=True
    )
    return _depart(boarded, target, limits, now_s)


def _release(car: Car, now_s: float) -> Car:
    if car.phase is not Phase.STUCK:
        return replace(car, jam=None)
    run = run_between(car.height_m, car.floor * STOREY_M, now_s, LEVELLING_M_PER_S)
    return replace(car, phase=Phase.LEVELLING, run=run, due_s=now_s + DEPARTURE_S)


def step(car: Car, limits: Limits, now_s: float) -> Car:
    """Pass the milestone that is due; the caller reports `see` at that instant.

    Called only when `due_s` <= now_s; uses `due_s` as the instant, so a late caller loses no time.
    """
    at_s = car.due_s if car.due_s is not None else now_s
    match car.phase:
        case Phase.IDLE | Phase.STUCK:
            return replace(car, due_s=None)
        case Phase.OPENING:
            return _exchange(replace(car, phase=Phase.OPEN, due_s=at_s + DWELL_S), limits)
        case Phase.OPEN:
            return replace(car, phase=Phase.CLOSING, due_s=at_s + DOOR_MOVE_S)
        case Phase.CLOSING:
            idle = replace(car, phase=Phase.IDLE, due_s=None)
            if idle.jam is not None and not idle.trips:
                return _jam_idle(idle, limits, at_s)
            return _go_on(idle, limits, at_s)
        case Phase.RUNNING | Phase.LEVELLING:
            return _under_way(car, at_s)


def _go_on(car: Car, limits: Limits, at_s: float) -> Car:
    """An idle car with trips turns to the first of them."""
    if not car.trips:
        return car
    trip = car.trips[0]
    target = trip.destination if car.boarded else trip.origin
    if target == car.floor:
        return replace(car, phase=Phase.OPENING, due_s=at_s + DOOR_MOVE_S)
    return _depart(car, target, limits, at_s)


def _depart(car: Car, target: int, limits: Limits, at_s: float) -> Car:
    run = run_between(car.floor * STOREY_M, target * STOREY_M, at_s, limits.rated_speed_m_per_s)
    way = range(car.floor, target, run.sign)
    crossings = tuple(
        (run.when_s((floor + run.sign / 2) * STOREY_M), floor + run.sign) for floor in way
    )
    return replace(car, phase=Phase.RUNNING, run=run, crossings=crossings, due_s=at_s + DEPARTURE_S)


def _under_way(car: Car, at_s: float) -> Car:
    run = car.run
    if run is None:
        raise AssertionError("a car on its way has a run")
    end_s = run.begin_s + run.duration_s
    if car.crossings and car.crossings[0][0] <= at_s:
        floor = car.crossings[0][1]
        if car.jam is not None and car.people:
            return _stuck(replace(car, floor=floor), run.position_m(at_s))
        car = replace(car, floor=floor, crossings=car.crossings[1:])
    if at_s >= end_s:
        return replace(
            car, phase=Phase.OPENING, run=None, height_m=run.end_m, due_s=at_s + DOOR_MOVE_S
        )
    return replace(car, due_s=max(car.crossings[0][0], at_s) if car.crossings else end_s)


def _stuck(car: Car, height_m: float) -> Car:
    """The jam: what is left of the car's errands is its people."""
    return Car(Phase.STUCK, car.floor, height_m, people=car.people)


def _exchange(car: Car, limits: Limits) -> Car:
    """The door is open: people of this trip get in, or everybody out."""
    if not car.trips:
        return replace(car, people=0)
    trip = car.trips[0]
    if not car.boarded and car.floor == trip.origin:
        room = limits.rated_load_kg // PERSON_KG
        wanted = trip.people if car.jam is None else car.jam
        return replace(car, people=max(min(wanted, room), 1), boarded=True)
    if car.boarded and car.floor == trip.destination:
        return replace(car, people=0, trips=car.trips[1:], boarded=False)
    return car


_DOORS = {Phase.OPENING: Door.OPENING, Phase.OPEN: Door.OPEN, Phase.CLOSING: Door.CLOSING}


def see(car: Car, at_s: float) -> Seen:
    """What the sensors say at that instant, which lies between the last milestone and the next."""
    run = car.run
    speed = run.speed_m_per_s(at_s) if run else 0.0
    height = run.position_m(at_s) if run else car.height_m
    moving = abs(speed) >= 0.005  # noqa: PLR2004  (what two decimals can show)
    # Halfway between floors neither is nearest: the zone is asked of whichever is shown or next.
    off_level = abs(height / STOREY_M - round(height / STOREY_M)) * STOREY_M
    return Seen(
        mode=Mode.INSPECTION if car.phase is Phase.LEVELLING else Mode.NORMAL,
        car=Motion.RUNNING if moving else Motion.STOPPED,
        direction=(Direction.UP if speed > 0 else Direction.DOWN) if moving else Direction.NONE,
        floor=car.floor,
        door_zone=off_level <= ZONE_M,
        door=_DOORS.get(car.phase, Door.CLOSED),
        speed_m_per_s=round(speed, 2) if moving else 0.0,
        occupied=car.people > 0,
        load_kg=car.people * PERSON_KG,
    )


def status(seen: Seen, *, lift: str, at_s: float, seq: int, boot: Boot) -> Status:
    """The message that tells what was seen."""
    return Status(
        ts=int(at_s * 1000),
        seq=seq,
        boot=boot,
        lift=lift,
        mode=seen.mode,
        car=seen.car,
        direction=seen.direction,
        floor=seen.floor,
        door_zone=seen.door_zone,
        door=seen.door,
        occupied=seen.occupied,
        speed_m_s=seen.speed_m_per_s,
        load_kg=seen.load_kg,
        power=Power.MAINS,
    )
