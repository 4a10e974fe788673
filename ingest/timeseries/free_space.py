"""Whether the disk has room for history: telemetry stops writing points before a rescue feels it.

Below the floor points are shed; what they tell of conditions is judged all the same, and findings,
refused messages and newest states are written on. Points are taken again once there is a tenth
more than the floor, so that a disk at the brink does not flicker.
"""

import shutil
from datetime import timedelta
from pathlib import Path

from core import log, metrics
from core.clock import Clock

LOOK = timedelta(seconds=5)

_log = log.get(__name__)


def free_bytes(folder: Path) -> int:
    """What is left on the disk of a folder."""
    return shutil.disk_usage(folder).free


def short(free: int, floor: int, *, was_short: bool) -> bool:
    """Whether points must be shed."""
    return free < floor + (floor // 10 if was_short else 0)


class FreeSpace:
    """Asked before every batch; looks at the disk at most every LOOK. For one thread."""

    def __init__(self, folder: Path, clock: Clock, *, floor: int) -> None:
        self._folder = folder
        self._clock = clock
        self._floor = floor
        self._looked_at: float | None = None
        self._short = False

    def __call__(self) -> bool:
        """Whether there is room."""
        now = self._clock.monotonic()
        if self._looked_at is None or now - self._looked_at >= LOOK.total_seconds():
            self._looked_at = now
            self._look()
        return not self._short

    def _look(self) -> None:
        free = free_bytes(self._folder)
        was, self._short = self._short, short(free, self._floor, was_short=self._short)
        metrics.HISTORY_FREE.set(free)
        metrics.HISTORY_SHEDDING.set(self._short)
        if self._short and not was:
            _log.error("disk_short_points_shed", free_mb=free // 1_000_000)
        elif was and not self._short:
            _log.info("disk_has_room_again", free_mb=free // 1_000_000)
