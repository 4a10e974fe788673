"""What of history may go: pure.

Theory of operation. Rows of days are kept for days, roll-ups for years, refused messages for as
long as somebody may want to look at them. Nothing goes before it is safe elsewhere: the rows of a
day file stay until they are rolled up and drained, the file until its hand-off has been taken. The
newest file never goes: it holds what the rules remember. When the disk is short of room the oldest
rows go early, but never within LEAST, for a message may come STALE late and is then rolled up
again with its whole hour.
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from ingest.device_clock import STALE

LEAST = STALE + timedelta(days=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Keep:
    """How long each is kept at least; `tight` are the free bytes below which rows go early."""

    raw: timedelta = timedelta(days=14)
    quarantine: timedelta = timedelta(days=30)
    minutes: timedelta = timedelta(days=366)
    hours: timedelta = timedelta(days=10 * 366)
    tight: int = 0


@dataclass(frozen=True, slots=True)
class DayFile:
    """What a day file still holds. `settled`: all rows rolled up and drained."""

    day: date
    bytes: int
    rows: bool
    quarantined: bool
    settled: bool
    handed_off: bool
    newest: bool = False

    @property
    def ends_at(self) -> datetime:
        """When nothing more is received into it."""
        return datetime.combine(self.day, time(), UTC) + _DAY


@dataclass(frozen=True, slots=True)
class Gone:
    """What may go: whole files, or their rows alone."""

    files: tuple[date, ...] = ()
    rows: tuple[date, ...] = ()

    @property
    def raw_from(self) -> datetime | None:
        """From when on rows are complete afterwards; None: as before.

        The rows of a day may be of events on it or earlier, never later.
        """
        days = (*self.files, *self.rows)
        return datetime.combine(max(days), time(), UTC) + _DAY if days else None


def days_to_go(files: Iterable[DayFile], now: datetime, keep: Keep, free: int) -> Gone:
    """Which day files, or their rows, may go; `free` bytes are left on their disk."""
    raw = max(keep.raw, LEAST)
    whole: list[date] = []
    rows: list[date] = []
    for file in sorted(files, key=lambda each: each.day):
        age = now - file.ends_at
        early = free < keep.tight and age >= LEAST
        if file.newest or not file.settled or (age < raw and not early):
            continue
        if file.handed_off and (not file.quarantined or age >= max(keep.quarantine, raw)):
            whole.append(file.day)
        elif file.rows:
            rows.append(file.day)
        else:
            continue
        free += file.bytes if file.rows else 0
    return Gone(tuple(whole), tuple(rows))


def months_to_go(names: Sequence[str], now: datetime, keep: timedelta) -> list[str]:
    """Which of the files named `2026` or `2026-11` hold nothing younger than `keep`."""
    return [name for name in names if now - _ends_at(name) >= keep]


def _ends_at(name: str) -> datetime:
    year, _, month = name.partition("-")
    n = int(month or 12)
    _, days = calendar.monthrange(int(year), n)
    return datetime(int(year), n, days, tzinfo=UTC) + _DAY
