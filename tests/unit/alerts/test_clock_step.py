"""The machine's clock jumps by an hour: journalled, and no rung is early, late or repeated."""

from datetime import datetime, timedelta

import pytest

from alerts.commands import AssignmentAction, act_on_assignment
from alerts.engine import Engine
from alerts.timekeeping import CLOCK, ClockFollower
from core import journal
from core.journal import Subject
from tests.support.machine import Machine, MachineClock
from tests.support.rescue import SEAT, START, Rescue

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LOOK = 30 * SECOND
BOTH_WAYS = pytest.mark.parametrize("step", [HOUR, -HOUR])


class Town:
    """A rescue, a machine, and when (in seconds of real time) each rung was taken."""

    def __init__(self, rescue: Rescue) -> None:
        self.rescue = rescue
        self.machine = Machine(START)
        self.start()
        self.began = self.machine.ticks()
        self.number = rescue.open().incident_id
        self.taken: dict[str, float] = {}

    def start(self) -> None:
        self.clock = MachineClock(self.machine)
        self.engine = Engine(self.rescue.database, self.rescue.policies, self.clock)

    def live(self, duration: timedelta) -> None:
        for _ in range(duration // LOOK):
            self.machine.run(LOOK)
            self.engine.run_once()
            for rung in self.rescue.incident(self.number).taken_steps - self.taken.keys():
                self.taken[rung] = self.machine.ticks() - self.began

    def clock_verbs(self) -> list[str]:
        chain = self.rescue.database.read(lambda c: journal.history(c, CLOCK))
        return [each.entry.verb for each in chain]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """When each rung is taken while nobody touches the clock."""
    rescue = Rescue(tmp_path_factory.mktemp("calm"))
    town = Town(rescue)
    town.live(100 * MINUTE)
    rescue.database.close()
    return town.taken


@BOTH_WAYS
@pytest.mark.parametrize("after", [MINUTE, 12 * MINUTE, 40 * MINUTE])
def test_every_rung_keeps_its_real_time(
    rescue: Rescue, calm: dict[str, float], step: timedelta, after: timedelta
) -> None:
    town = Town(rescue)
    town.live(after)
    town.machine.step(step)
    town.live(100 * MINUTE - after)
    assert town.clock_verbs() == ["clock_anchored", "clock_stepped", "clock_confirmed"]
    assert len(calm) > 5
    assert town.taken == calm
    incident = rescue.incident(town.number)
    assert incident.opened_at == START + step
    chain = Subject("incident", town.number)
    assert rescue.database.read(lambda c: journal.verify(c, chain)) is None
    told = [e.entry for e in rescue.database.read(lambda c: journal.history(c, chain))]
    assert [e.facts for e in told if e.verb == "clock_confirmed"] == [
        {"restated_by_s": step.total_seconds()}
    ]


@BOTH_WAYS
def test_an_arrival_in_time_stays_in_time(rescue: Rescue, step: timedelta) -> None:
    town = Town(rescue)

    def act(action: AssignmentAction, now: datetime) -> None:
        asked = 1
        rescue.database.write(lambda c: act_on_assignment(c, asked, action, now, SEAT, proof="qr"))

    town.live(MINUTE)
    act(AssignmentAction.ACCEPT, town.clock.now())
    town.machine.step(step)
    town.live(13 * MINUTE)
    act(AssignmentAction.ARRIVE, town.clock.now())
    town.live(30 * MINUTE)
    incident = rescue.incident(town.number)
    assert (incident.target_missed_at, incident.on_scene_at) == (
        None,
        incident.opened_at + 14 * MINUTE,
    )


def test_a_step_that_is_taken_back_changes_nothing(rescue: Rescue) -> None:
    town = Town(rescue)
    town.machine.step(HOUR)
    town.live(5 * MINUTE)
    town.machine.step(-HOUR)
    town.live(30 * MINUTE)
    assert town.clock_verbs()[1:] == ["clock_stepped"]
    assert rescue.incident(town.number).opened_at == START


def test_a_second_step_starts_the_ten_minutes_anew(rescue: Rescue) -> None:
    town = Town(rescue)
    town.machine.step(HOUR)
    town.live(9 * MINUTE)
    town.machine.step(HOUR)
    town.live(9 * MINUTE)
    assert town.clock_verbs()[1:] == ["clock_stepped", "clock_stepped"]
    town.live(2 * MINUTE)
    assert town.clock_verbs()[-1] == "clock_confirmed"
    assert rescue.incident(town.number).opened_at == START + 2 * HOUR


@BOTH_WAYS
@pytest.mark.parametrize("seen", [True, False])
def test_an_engine_that_starts_after_a_step_keeps_the_real_time(
    rescue: Rescue,
    calm: dict[str, float],
    step: timedelta,
    seen: bool,  # noqa: FBT001
) -> None:
    """The step comes while no engine runs, or the one that saw it ends before it accepts it."""
    town = Town(rescue)
    town.live(MINUTE)
    town.machine.step(step)
    if seen:
        town.live(MINUTE)
    else:
        town.machine.run(MINUTE)
    town.start()
    town.live(98 * MINUTE)
    assert town.clock_verbs()[-1] == "clock_confirmed"
    assert town.taken == calm
    assert rescue.incident(town.number).opened_at == START + step


def test_an_engine_that_starts_without_a_step_restates_nothing(rescue: Rescue) -> None:
    town = Town(rescue)
    town.live(MINUTE)
    town.machine.run(5 * MINUTE)
    town.start()
    town.live(MINUTE)
    assert town.clock_verbs() == ["clock_anchored", "clock_anchored"]
    assert rescue.incident(town.number).opened_at == START


def test_after_a_restart_of_the_machine_its_clock_is_believed(rescue: Rescue) -> None:
    town = Town(rescue)
    town.live(MINUTE)
    town.machine.restart()
    town.machine.step(HOUR)
    town.start()
    town.live(MINUTE)
    assert town.clock_verbs() == ["clock_anchored", "clock_anchored"]
    assert "not_freed/1" not in town.taken
    assert {"target_arrival/1", "statutory_arrival/1"} <= town.taken.keys()


def test_the_other_processes_count_in_step_with_the_engine(rescue: Rescue) -> None:
    town = Town(rescue)
    town.live(MINUTE)
    pages = MachineClock(town.machine)
    follower = ClockFollower(rescue.database, pages)
    town.machine.step(HOUR)
    town.live(9 * MINUTE)
    assert follower.run_once() == 0
    late = MachineClock(town.machine)  # a process that starts before the step is accepted
    late_follower = ClockFollower(rescue.database, late)
    assert late.now() == pages.now() == town.clock.now() == town.machine.wall() - HOUR
    town.live(2 * MINUTE)
    assert (follower.run_once(), follower.run_once(), late_follower.run_once()) == (1, 0, 1)
    assert late.now() == pages.now() == town.clock.now() == town.machine.wall()
