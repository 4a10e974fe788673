"""Embedded history whose every answer comes after a turn of the roller."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from core.clock import Clock
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Series, Window
from ingest.timeseries.roller import Roller
from ingest.timeseries.rollfiles import RollFiles


def roll_up(folder: Path, now: datetime) -> int:
    """One turn of the roller; the number of hours of lifts that it did."""
    with closing(RollFiles(folder)) as files:
        return Roller(folder, files, lambda: None).run_once(now)


class RolledStore(EmbeddedStore):
    """Rolls up whatever is over before it answers."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__(folder, clock)
        self._now = clock.now

    def windows(self, lifts: Sequence[str], window: Window) -> dict[str, Series]:
        """As the store does, from roll-ups."""
        roll_up(self._folder, self._now())
        return super().windows(lifts, window)
