"""The roller: rolls up every hour that is over, and again those that late rows came for.

Theory of operation. It follows each day file by row id, reads which hours of which lifts the new
rows belong to, computes each of those hours anew from all of its rows, makes the roll-ups durable,
and then moves the mark. The mark stops before the first row of an hour that is not over: so no row
is forgotten and no list of dirty hours is kept. Killed anywhere it does some hours again, which
changes nothing. It only ever reads the day files, a chunk at a time, so it holds no lock that the
lane could meet and no snapshot that keeps a write-ahead log from being taken back.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import msgspec

from core import metrics
from ingest.device_clock import STALE
from ingest.timeseries import rollup
from ingest.timeseries.dayfiles import day_files
from ingest.timeseries.figures import HOUR_US
from ingest.timeseries.port import Value
from ingest.timeseries.reading import open_reader, reading, suppress_missing_table
from ingest.timeseries.rollfiles import Mark, Marks, RollFiles, read_marks, rolled_up_to
from ingest.timeseries.steps import instant, micros

GRACE = timedelta(minutes=1)  # what is on the road when an hour ends still belongs to it
_SCANNED = 20_000
_MOST = 400_000  # hours of lifts that are collected before they are rolled up
_LIFTS = 500
_fields = msgspec.json.Decoder(dict[str, Value]).decode


@dataclass(slots=True)
class _News:
    """What stands behind a mark: hours of lifts that are over, and how far the mark may go."""

    hours: dict[int, set[str]] = field(default_factory=dict)
    number: int = 0
    mark: Mark | None = None
    held: bool = False  # the mark has met an hour that is not over
    more: bool = False


def next_due(now: datetime) -> datetime:
    """When the next hour is over."""
    into = (micros(now) - GRACE // timedelta(microseconds=1)) % HOUR_US
    return now + timedelta(microseconds=HOUR_US - into)


class Roller:
    """The one roller of a telemetry folder. `breathe` is called every now and then."""

    def __init__(self, folder: Path, files: RollFiles, breathe: Callable[[], None]) -> None:
        self._folder = folder
        self._files = files
        self._breathe = breathe

    def run_once(self, now: datetime) -> int:
        """Roll up everything that is over; the number of hours of lifts."""
        over = micros(now - GRACE) // HOUR_US
        marks = read_marks(self._folder)
        done = 0
        for file in day_files(self._folder):
            mark = marks.files.get(file.name)
            while True:
                news = self._news(file, mark, over)
                done += self._roll(news, marks)
                if news.mark is not None and news.mark != mark:
                    mark = news.mark
                    self._files.mark({file.name: mark})
                if news.held or not news.more:
                    break
        self._files.let_go()
        metrics.HISTORY_ROLLED.inc(done)
        metrics.HISTORY_ROLLED_TO.set(over * HOUR_US / 1e6)
        return done

    def _news(self, file: Path, mark: Mark | None, over: int) -> _News:
        """Read on behind the mark until the file ends or there is enough to do."""
        news = _News()
        row = None
        while news.number < _MOST:
            self._breathe()
            with reading(file) as connection:
                if row is None:
                    row = rolled_up_to(connection, mark)
                rows = connection.execute(
                    "SELECT id, received_at_us, lift, device_at_us FROM sample"
                    " WHERE id > ? ORDER BY id LIMIT ?",
                    (row, _SCANNED),
                ).fetchall()
                for row, at_us, lift, device_at_us in rows:
                    hour = device_at_us // HOUR_US
                    if hour >= over:
                        news.held = True
                        continue
                    if not news.held:
                        news.mark = Mark(row, at_us)
                    lifts = news.hours.setdefault(hour, set())
                    if lift not in lifts:
                        lifts.add(lift)
                        news.number += 1
                if len(rows) == _SCANNED:
                    continue
            return news
        news.more = True
        return news

    def _roll(self, news: _News, marks: Marks) -> int:
        for hour, lifts in sorted(news.hours.items()):
            for some in _chunks(sorted(lifts)):
                self._breathe()
                rolled = [
                    (hour, lift, rollup.pack(minutes), rollup.pack(rollup.summary(minutes)))
                    for lift, minutes in self._minutes(hour, some)
                ]
                self._files.put(rolled, marks.raw_from)
        return news.number

    def _minutes(self, hour: int, lifts: Sequence[str]) -> Iterator[tuple[str, rollup.Fields]]:
        begins = hour * HOUR_US
        first = f"{instant(begins):%Y-%m-%d}"
        final = f"{(instant(begins) + STALE + timedelta(days=1)).astimezone(UTC):%Y-%m-%d}"
        names = msgspec.json.encode(lifts).decode()
        rows: list[tuple[str, int, int, str]] = []
        with ExitStack() as stack:
            for file in day_files(self._folder):
                if not first <= file.stem <= final:
                    continue
                connection = stack.enter_context(closing(open_reader(file)))
                with suppress_missing_table(file):
                    rows += _rows_of(connection, names, begins)
        rows.sort(key=itemgetter(0, 1, 2))  # stable: within a file by row
        for lift, told in groupby(rows, itemgetter(0)):
            yield lift, rollup.roll((at, _fields(fields)) for _, at, _, fields in told)


def _rows_of(
    connection: sqlite3.Connection, names: str, begins: int
) -> list[tuple[str, int, int, str]]:
    return connection.execute(
        "SELECT lift, device_at_us, received_at_us, fields FROM json_each(?) AS name"
        " CROSS JOIN sample ON lift = name.value AND device_at_us >= ? AND device_at_us < ?"
        " ORDER BY name.key, device_at_us, sample.id",
        (names, begins, begins + HOUR_US),
    ).fetchall()


def _chunks(lifts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(lifts), _LIFTS):
        yield lifts[start : start + _LIFTS]
