"""All cars of the city on one time line: a heap of what is due next.

Theory of operation. `advance(now)` pops everything that is due and lets it happen at its own
instant, not at the instant of the tick, so a late tick distorts nothing. Each milestone of a car
is one status message; a car that stands still repeats its status within a minute. The world does
no input or output: gateways are told by `post` and `call`, which never block.
"""

import heapq
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from math import pi, sin
from random import Random
from typing import Protocol
from zoneinfo import ZoneInfo

from core.errors import NotFound
from devices.model import Lift
from devices.protocol.messages import (
    Call,
    CallPhase,
    CallTest,
    Event,
    Kind,
    Message,
    Phase,
    Receipt,
    Sensor,
)
from simulators import caller as calling
from simulators import lift as physics
from simulators import traffic
from simulators.scenario import Scenario

REFRESH_S = 50.0
HEARTBEAT_S = 60.0
_PRESS_AFTER_S = (1.0, 3.0)  # people press soon
TEST_EVERY_S = 86_400.0
_TESTS_WITHIN_S = 60.0  # of the start
_SILENT, _BROKEN = 0.03, 0.03  # shares of lifts that never test, or whose loudspeaker is broken


class Voice(Protocol):
    """What the world needs of a gateway."""

    identity: str
    boot: str

    def next_seq(self) -> int:
        """The next sequence number."""
        ...

    def post(self, kind: Kind, message: Message) -> None:
        """Say something soon."""
        ...

    def call(self, call: Call) -> None:
        """Call for help at once."""
        ...

    def heartbeat(self, at_s: float, *, uptime_s: float) -> None:
        """Say that the gateway lives."""
        ...


class Due(IntEnum):
    """What a heap entry is about; its subject is a lift's or a gateway's ordinal."""

    CAR = 0
    CALL = 1
    PRESS = 2
    ARRIVAL = 3
    ENTRAPMENT = 4
    REFRESH = 5
    HEARTBEAT = 6
    SENSOR = 7
    TEST = 8
    TEST_AGAIN = 9


@dataclass(slots=True)
class Unit:
    """One lift of the world: what it is, where its car is, who speaks for it."""

    lift: Lift
    limits: physics.Limits
    car: physics.Car
    voice: Voice
    said_s: float = 0.0
    caller: calling.Caller | None = None
    tester: calling.Caller | None = None
    speaks: bool = True
    event_id: str = ""
    incident: str = ""


class World:
    """The cars, their callers and their traffic. Everything happens inside `advance`."""

    def __init__(self, scenario: Scenario, *, start_s: float) -> None:
        self._scenario = scenario
        self._dice = Random(scenario.seed + 1)  # noqa: S311  (chance, not a secret)
        self._test_dice = Random(scenario.seed + 2)  # noqa: S311  (likewise)
        self._zone = ZoneInfo(scenario.city.zone)
        self._start_s = start_s
        self._units: list[Unit] = []
        self._by_code: dict[str, int] = {}
        self._by_event: dict[str, int] = {}
        self._voices: list[Voice] = []
        self._kitchens: list[Voice] = []
        self._heap: list[tuple[float, Due, int]] = []
        self._ordinal = 0
        self._push(start_s + scenario.entrapments.first_after_s, Due.ENTRAPMENT, 0)

    def add_gateway(self, voice: Voice, lifts: tuple[Lift, ...]) -> None:
        """A gateway and the lifts it speaks for."""
        self._push(
            self._start_s + self._dice.uniform(1, HEARTBEAT_S), Due.HEARTBEAT, len(self._voices)
        )
        self._voices.append(voice)
        for lift in lifts:
            n = len(self._units)
            limits = physics.Limits(
                lift.min_floor, lift.max_floor, lift.rated_speed_m_per_s, lift.rated_load_kg
            )
            floor = self._dice.randint(lift.min_floor, lift.max_floor)
            self._units.append(Unit(lift, limits, physics.parked(floor), voice))
            self._by_code[lift.rescue_code] = n
            self._push(self._start_s + self._dice.uniform(1, REFRESH_S), Due.REFRESH, n)
            fate = self._test_dice.random()
            self._units[n].speaks = fate >= _BROKEN
            if fate < 1 - _SILENT:
                soon = self._test_dice.uniform(1, _TESTS_WITHIN_S)
                self._push(self._start_s + soon, Due.TEST, n)
            if self._scenario.city.traffic > 0:
                self._push(self._start_s + self._dice.uniform(0, 60), Due.ARRIVAL, n)

    def add_kitchen(self, voice: Voice) -> None:
        """A kitchen's gateway: one cold room that says its temperature once a minute."""
        self._push(
            self._start_s + self._dice.uniform(1, HEARTBEAT_S), Due.HEARTBEAT, len(self._voices)
        )
        self._voices.append(voice)
        self._push(self._start_s + self._dice.uniform(1, 10), Due.SENSOR, len(self._kitchens))
        self._kitchens.append(voice)

    def advance(self, now_s: float) -> None:
        """Let everything happen that is due by now, in order."""
        acts = {
            Due.CAR: self._milestone,
            Due.CALL: self._repeat,
            Due.PRESS: self._press,
            Due.ARRIVAL: self._arrive,
            Due.ENTRAPMENT: self._entrap,
            Due.REFRESH: self._refresh,
            Due.HEARTBEAT: self._beat,
            Due.SENSOR: self._sense,
            Due.TEST: self._test,
            Due.TEST_AGAIN: self._test_again,
        }
        while self._heap and self._heap[0][0] <= now_s:
            at_s, due, subject = heapq.heappop(self._heap)
            acts[due](subject, at_s)

    def trap(self, rescue_code: str, people: int, now_s: float) -> None:
        """Jam that lift's car with people inside; raises NotFound. Stuck already: nothing."""
        n = self._by_code.get(rescue_code)
        if n is None:
            raise NotFound("simulated lift", rescue_code)
        self._tell(n, physics.Jam(people), now_s)

    def release(self, rescue_code: str, now_s: float) -> None:
        """A crew has opened that car; a lift that is not simulated or not stuck stays as it is."""
        n = self._by_code.get(rescue_code)
        if n is not None and self._units[n].car.phase is physics.Phase.STUCK:
            self._tell(n, physics.Release(), now_s)

    def receipt(self, receipt: Receipt) -> None:
        """The hub has answered a call."""
        n = self._by_event.get(receipt.event_id)
        if n is None:
            return
        unit = self._units[n]
        if unit.tester and unit.tester.event_id == receipt.event_id:
            unit.tester = None
            del self._by_event[receipt.event_id]
            return
        unit.incident = receipt.incident or unit.incident
        if unit.caller and unit.caller.event_id == receipt.event_id:
            ended = unit.caller.phase is CallPhase.END
            unit.caller = None if ended else calling.answered(unit.caller)

    def stuck(self) -> dict[str, str]:
        """Rescue codes of the cars that are stuck, with their incident's number (or nothing)."""
        return {
            unit.lift.rescue_code: unit.incident
            for unit in self._units
            if unit.car.phase is physics.Phase.STUCK
        }

    def say_all(self, voice: Voice, now_s: float) -> None:
        """Every lift of a gateway says its state, as after a connection or when asked to."""
        voice.heartbeat(now_s, uptime_s=now_s - self._start_s)
        for unit in self._units:
            if unit.voice is voice:
                self._say(unit, now_s)

    def _push(self, at_s: float, due: Due, subject: int) -> None:
        heapq.heappush(self._heap, (at_s, due, subject))

    def _say(self, unit: Unit, at_s: float) -> None:
        unit.said_s = at_s
        seen = physics.see(unit.car, at_s)
        voice = unit.voice
        message = physics.status(
            seen, lift=unit.lift.rescue_code, at_s=at_s, seq=voice.next_seq(), boot=voice.boot
        )
        voice.post(Kind.STATUS, message)

    def _tell(self, n: int, command: physics.Command, at_s: float) -> None:
        unit = self._units[n]
        before = unit.car
        unit.car = physics.tell(before, command, unit.limits, at_s)
        self._follow(n, before, at_s)

    def _follow(self, n: int, before: physics.Car, at_s: float) -> None:
        """Keep the heap in step with a car that may have changed; report a change of phase."""
        unit = self._units[n]
        if unit.car.due_s is not None and unit.car.due_s != before.due_s:
            self._push(unit.car.due_s, Due.CAR, n)
        if unit.car.phase is physics.Phase.OPENING and before.phase is physics.Phase.IDLE:
            self._say(unit, at_s)

    def _milestone(self, n: int, at_s: float) -> None:
        unit = self._units[n]
        before = unit.car
        if before.due_s != at_s:
            return
        unit.car = physics.step(before, unit.limits, at_s)
        self._say(unit, at_s)
        self._follow(n, before, at_s)
        match before.phase, unit.car.phase:
            case physics.Phase.RUNNING, physics.Phase.STUCK:
                self._trapped(n, at_s)
            case physics.Phase.LEVELLING, physics.Phase.OPENING:
                self._freed(n, at_s)
            case _:
                pass

    def _identity(self, voice: Voice) -> str:
        self._ordinal += 1
        return f"{voice.identity}-{voice.boot}-{self._ordinal:06d}"

    def _event(self, unit: Unit, phase: Phase, at_s: float) -> None:
        voice = unit.voice
        event = Event(
            ts=int(at_s * 1000),
            seq=voice.next_seq(),
            boot=voice.boot,
            event_id=unit.event_id,
            phase=phase,
            code="stop.outside_zone",
            lift=unit.lift.rescue_code,
            floor=unit.car.floor,
            occupied=unit.car.people > 0,
        )
        voice.post(Kind.EVENT, event)

    def _trapped(self, n: int, at_s: float) -> None:
        unit = self._units[n]
        unit.event_id, unit.incident = self._identity(unit.voice), ""
        self._event(unit, Phase.BEGIN, at_s)
        self._push(at_s + self._dice.uniform(*_PRESS_AFTER_S), Due.PRESS, n)

    def _press(self, n: int, at_s: float) -> None:
        unit = self._units[n]
        if unit.car.phase is not physics.Phase.STUCK:
            return
        unit.caller = calling.press(
            self._identity(unit.voice),
            lift=unit.lift.rescue_code,
            people=unit.car.people,
            floor=unit.car.floor,
            at_s=at_s,
        )
        self._by_event[unit.caller.event_id] = n
        self._repeat(n, at_s)

    def _repeat(self, n: int, at_s: float) -> None:
        unit = self._units[n]
        if unit.caller is None or unit.caller.due_s is None or unit.caller.due_s > at_s:
            return
        unit.caller, call = calling.send(unit.caller, at_s)
        unit.voice.call(call)
        if unit.caller.due_s is not None:
            self._push(unit.caller.due_s, Due.CALL, n)

    def _test(self, n: int, at_s: float) -> None:
        unit = self._units[n]
        told = CallTest(microphone=True, loudspeaker=unit.speaks, battery_pct=96)
        unit.tester = calling.test(
            self._identity(unit.voice), lift=unit.lift.rescue_code, told=told, at_s=at_s
        )
        self._by_event[unit.tester.event_id] = n
        self._push(at_s + TEST_EVERY_S, Due.TEST, n)
        self._test_again(n, at_s)

    def _test_again(self, n: int, at_s: float) -> None:
        unit = self._units[n]
        if unit.tester is None or unit.tester.due_s is None or unit.tester.due_s > at_s:
            return
        unit.tester, call = calling.send(unit.tester, at_s)
        unit.voice.call(call)
        if unit.tester.due_s is not None:
            self._push(unit.tester.due_s, Due.TEST_AGAIN, n)

    def _freed(self, n: int, at_s: float) -> None:
        unit = self._units[n]
        self._event(unit, Phase.END, at_s)
        if unit.caller is not None:
            unit.caller = calling.end(unit.caller, at_s)
            self._repeat(n, at_s)

    def _arrive(self, n: int, at_s: float) -> None:
        unit = self._units[n]
        hour = datetime.fromtimestamp(at_s, self._zone).hour
        arrival = traffic.next_arrival(
            unit.lift.place_type,
            unit.limits,
            hour=hour,
            scale=self._scenario.city.traffic,
            dice=self._dice,
        )
        self._push(at_s + arrival.after_s, Due.ARRIVAL, n)
        self._tell(n, arrival.trip, at_s)

    def _entrap(self, _: int, at_s: float) -> None:
        plan = self._scenario.entrapments
        if not plan.every_minutes:
            return
        mean_s = plan.every_minutes * 60 / self._scenario.speed
        self._push(at_s + max(self._dice.expovariate(1 / mean_s), 1.0), Due.ENTRAPMENT, 0)
        idle = [
            n
            for n, unit in enumerate(self._units)
            if unit.car.phase is physics.Phase.IDLE and unit.caller is None
        ]
        if idle and len(self.stuck()) < plan.at_once_max:
            people = self._dice.randint(1, plan.people_max)
            self._tell(self._dice.choice(idle), physics.Jam(people), at_s)

    def _refresh(self, n: int, at_s: float) -> None:
        unit = self._units[n]
        if at_s - unit.said_s >= REFRESH_S:
            self._say(unit, at_s)
        self._push(unit.said_s + REFRESH_S, Due.REFRESH, n)

    def _beat(self, n: int, at_s: float) -> None:
        self._voices[n].heartbeat(at_s, uptime_s=at_s - self._start_s)
        self._push(at_s + HEARTBEAT_S, Due.HEARTBEAT, n)

    def _sense(self, n: int, at_s: float) -> None:
        voice = self._kitchens[n]
        wave = sin(2 * pi * at_s / 1800 + n)  # the compressor's half-hour
        reading = Sensor(
            ts=int(at_s * 1000),
            seq=voice.next_seq(),
            boot=voice.boot,
            point="cold-room-1",
            temperature_c=round(3.4 + 0.8 * wave, 1),
            humidity_pct=round(72 - 3 * wave, 1),
        )
        voice.post(Kind.SENSOR, reading)
        self._push(at_s + 60, Due.SENSOR, n)
