"""A machine whose clock somebody sets, for tests of the system clock."""

import threading
from datetime import datetime, timedelta

from core.clock import SystemClock


class Machine:
    """Its wall clock runs with its ticks until it is stepped."""

    def __init__(self, now: datetime) -> None:
        self._wall = now
        self._ticks = 1000.0
        self._boot = "first"

    def wall(self) -> datetime:
        return self._wall

    def ticks(self) -> float:
        return self._ticks

    def boot(self) -> str:
        return self._boot

    def restart(self) -> None:
        self._boot, self._ticks = "second", 5.0

    def run(self, duration: timedelta) -> None:
        self._wall += duration
        self._ticks += duration.total_seconds()

    def step(self, by: timedelta) -> None:
        self._wall += by


class MachineClock(SystemClock):
    """The product's own clock on such a machine; waiting lets the machine run."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine.wall, machine.ticks, machine.boot)
        self.machine = machine

    def wait(self, event: threading.Event, duration: timedelta) -> bool:
        self.machine.run(duration)
        return event.is_set()
