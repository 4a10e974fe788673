from datetime import datetime, timedelta

from alerts.engine import CLOCK, Engine
from core import journal
from core.clock import ManualClock
from tests.support.rescue import Rescue


class SteppedClock(ManualClock):
    """A manual clock beside a wall clock that somebody has set."""

    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self.away = timedelta()

    def step(self) -> timedelta:
        return self.away

    def reanchor(self) -> None:
        self._now += self.away
        self.away = timedelta()


def test_a_step_is_journalled_once_and_accepted_after_ten_minutes(rescue: Rescue) -> None:
    clock = SteppedClock(rescue.clock.now())
    engine = Engine(rescue.database, rescue.policies, clock)
    before = clock.now()
    clock.away = timedelta(hours=1)
    engine.run_once()
    engine.run_once()
    assert clock.now() == before
    clock.advance(timedelta(minutes=10))
    engine.run_once()
    assert clock.now() == before + timedelta(hours=1, minutes=10)
    chain = rescue.database.read(lambda c: journal.history(c, CLOCK))
    assert [e.entry.verb for e in chain] == ["clock_stepped", "clock_confirmed"]
