"""How long a province's telemetry stands still when somebody changes the registry."""

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from alerts import conditions
from core import journal
from core.clock import ManualClock, SystemClock
from core.db import Database
from core.journal import Actor, Entry, Subject
from core.settling import settling
from devices import commands
from devices.directory import load_directory
from devices.model import Gateway
from devices.queries import lift_by_code
from hub.registry import RELOAD_EVERY_S, Registry
from ingest.gate import AreaGate
from ingest.latest import LatestStates
from ingest.shards import area_of
from ingest.telemetry import BATCH, TelemetryLane
from ingest.timeseries.embedded import EmbeddedStore
from tests.support.province import AREA, NO_WAIT, START, STATUS, Bare, Province, build_registry

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

LIFTS = 200_000
SOME = 500  # lifts a turn
WATCHED_S = 12.0
BY = Actor("system", "bench")
CLOCK, NEVER, BREATH = SystemClock(), Event(), timedelta(milliseconds=20)


class Whole(Registry):
    """As it was: every change is read whole, by whoever asks."""

    def _renew(self) -> None:
        self._directory = self._database.read(partial(load_directory, bare=True))


class Lane(Province):
    """The lane over a registry that may change; its own clock stands for the devices'."""

    def __init__(self, folder: Path, database: Database, kind: type[Registry]) -> None:
        self.clock = ManualClock(START)
        self.broker = Bare()
        with settling():
            registry = kind(database, CLOCK, bare=True)
            self.lane = TelemetryLane(
                AreaGate(self.broker, lambda topic: bool(area_of(topic)), self.clock),
                registry,
                conditions.judge,
                conditions.elapse,
                EmbeddedStore(folder / "telemetry", self.clock),
                self.clock,
                LatestStates(folder / "telemetry" / "latest"),
            )
        self.turn = 2

    def watch(self, happens: Callable[[], object]) -> tuple[float, float, float]:
        """Turns for a while around a change: the longest, CPU, and that of as long without."""
        quiet_s, quiet = self._turns()
        happens()
        longest_s, used = self._turns()
        return longest_s, used - quiet, quiet_s

    def _turns(self) -> tuple[float, float]:
        longest, used, until = 0.0, time.process_time(), time.monotonic() + WATCHED_S
        first = 1
        while time.monotonic() < until:
            self.turn += 1
            self.broker.told = self.told(
                range(first, first + SOME), self.turn, 1 + self.turn % 9, 1.0, STATUS
            )
            began = time.monotonic()
            self.lane.run_once(NO_WAIT)
            longest = max(longest, time.monotonic() - began)
            self.clock.advance(timedelta(milliseconds=100))
            CLOCK.wait(NEVER, BREATH)
            first = first + SOME if first + 2 * SOME < LIFTS else 1
        return longest, time.process_time() - used


def enrol(database: Database, number: int) -> None:
    """One gateway is enrolled for one lift."""
    lift = database.read(lambda c: lift_by_code(c, f"{number:06}"))
    gateway = Gateway(f"NEW{number}", AREA, (lift.id,))
    database.write(lambda c: commands.enrol_gateway(c, gateway, START, BY))


def imported(database: Database) -> None:
    """The end of a large import, which names no lift."""
    entry = Entry(Subject("registry", "lift"), "lifts.imported", BY, START, {"inserted": 1})
    database.write(lambda c: journal.append(c, entry))


@pytest.mark.parametrize("kind", [Whole, Registry], ids=["before", "now"])
def test_a_change_of_the_registry(tmp_path: Path, kind: type[Registry]) -> None:
    build_registry(tmp_path / "hub.db", LIFTS)
    with Database(f"sqlite:///{tmp_path / 'hub.db'}", readers=2) as database:
        lane = Lane(tmp_path, database, kind)
        everybody = range(1, LIFTS + 1)
        for turn in (1, 2):
            for first in range(0, LIFTS, BATCH):
                some = everybody[first : first + BATCH]
                lane.broker.told = lane.told(some, turn, turn, 1.0, STATUS)
                lane.lane.run_once(NO_WAIT)
        CLOCK.wait(NEVER, timedelta(seconds=RELOAD_EVERY_S))
        for what, happens in (
            ("a gateway is enrolled", partial(enrol, database, 7)),
            ("a large import ends", partial(imported, database)),
        ):
            longest_s, more_s, quiet_s = lane.watch(happens)
            sys.stdout.write(
                f"\n{kind.__name__}: {what}: longest turn {longest_s * 1000:.0f} ms (without:"
                f" {quiet_s * 1000:.0f} ms), {more_s:.2f} s of CPU more in {WATCHED_S:g} s\n"
            )
