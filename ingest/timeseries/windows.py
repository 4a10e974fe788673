"""A window of embedded history: from roll-ups where they say all, from rows for the rest.

Theory of operation. An hour is answered by its roll-up unless rows of the lift lie in it that came
after the mark (the hour that runs, and what came late): those are found in the index alone. Of an
hour that is rolled up, a minute that a step's edge cuts is read from its rows, so that the series
is the same as from rows alone. Where the rows are gone the minute counts where it begins; and steps
below a minute are answered from rows as long as there are any.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from ingest.timeseries import rollup
from ingest.timeseries.figures import COUNTERS, HOUR_US, MINUTE_US, Cell, cells
from ingest.timeseries.port import Series, Window
from ingest.timeseries.rollfiles import read_hours
from ingest.timeseries.steps import assemble, micros, width_of

Span = tuple[int, int]  # from and up to, in microseconds


@dataclass(frozen=True, slots=True)
class Day:
    """An open day file with samples, and up to which row it is rolled up."""

    connection: sqlite3.Connection
    rolled_up_to: int


@dataclass(frozen=True, slots=True)
class Rolled:
    """The roll-ups of a folder; of hours before `raw_from` rows are no longer complete."""

    folder: Path
    raw_from: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What one shard has: its open day files and its roll-ups."""

    days: Sequence[Day]
    rolled: Rolled


@dataclass(frozen=True, slots=True)
class _Asked:
    """A window in whole microseconds."""

    lift: str
    field: str
    start: int
    end: int
    step: int

    def holds(self, at: int, width: int) -> bool:
        """Whether a stretch lies within the window and within one step."""
        last = at + width - 1
        first_step, last_step = (at - self.start) // self.step, (last - self.start) // self.step
        return self.start <= at and last < self.end and first_step == last_step

    def inside(self, at: int, width: int) -> Span:
        """What of a stretch lies within the window."""
        return max(at, self.start), min(at + width, self.end)


def series(kept: Sequence[Kept], window: Window) -> Series:
    """One lift's window, from all that have something of it."""
    asked = _Asked(
        window.lift, window.field, micros(window.start), micros(window.end), width_of(window)
    )
    if asked.start >= asked.end:
        return assemble((), window)
    found: list[Cell] = []
    for each in kept:
        cells_there, spans = _from_roll_ups(each.days, each.rolled, asked)
        found += cells_there
        found += _from_rows(each.days, asked, spans)
    return assemble(sorted(found, key=itemgetter(0)), window)


def _from_roll_ups(
    days: Sequence[Day], rolled: Rolled, asked: _Asked
) -> tuple[list[Cell], list[Span]]:
    """The cells that roll-ups know, and what must be read from rows."""
    if not rolled.raw_from and not any(day.rolled_up_to for day in days):
        return [], [(asked.start, asked.end)]
    hours = range(asked.start // HOUR_US, -(-asked.end // HOUR_US))
    fresh = _fresh_hours(days, asked)
    whole_hours = asked.step % HOUR_US == 0 and asked.start % HOUR_US == 0
    too_fine = asked.step < MINUTE_US
    wanted = [h for h in hours if h < rolled.raw_from or not (h in fresh or too_fine)]
    found: list[Cell] = []
    spans: list[Span] = []
    width = HOUR_US if whole_hours else MINUTE_US
    there = set()
    for hour, kept in read_hours(rolled.folder, asked.lift, wanted, minutes=not whole_hours):
        there.add(hour)
        for n, figures in rollup.unpack(kept, asked.field).items():
            at = hour * HOUR_US + n * MINUTE_US
            if asked.holds(at, width) or (hour < rolled.raw_from and asked.start <= at < asked.end):
                found.append((at, figures))
            elif hour >= rolled.raw_from:
                spans.append(asked.inside(at, width))
    read = (fresh if not too_fine else {h for h in hours if h >= rolled.raw_from} | fresh) - there
    spans += [asked.inside(hour * HOUR_US, HOUR_US) for hour in read]
    return found, [span for span in spans if span[0] < span[1]]


def _fresh_hours(days: Iterable[Day], asked: _Asked) -> set[int]:
    """Hours with rows that no roll-up has yet."""
    return {
        hour
        for day in days
        for (hour,) in day.connection.execute(
            f"SELECT DISTINCT device_at_us / {HOUR_US} FROM sample"  # noqa: S608  (our own number)
            " WHERE lift = ? AND device_at_us >= ? AND device_at_us < ? AND id > ?",
            (asked.lift, asked.start, asked.end, day.rolled_up_to),
        )
    }


def _from_rows(days: Sequence[Day], asked: _Asked, spans: Sequence[Span]) -> Iterator[Cell]:
    if not spans:
        return iter(())
    values: list[tuple[int, int, float]] = []
    for day in days:
        values += day.connection.execute(
            "SELECT device_at_us, received_at_us, json_extract(fields, ?1)"
            " FROM json_each(?2) AS span CROSS JOIN sample ON lift = ?3"
            " AND device_at_us >= json_extract(span.value, '$[0]')"
            " AND device_at_us < json_extract(span.value, '$[1]')"
            " WHERE json_type(fields, ?1) IN ('integer', 'real')"
            " ORDER BY device_at_us, sample.id",
            (f'$."{asked.field}"', json.dumps(spans), asked.lift),
        )
    values.sort(key=itemgetter(0, 1))

    def minute_of_step(at: int) -> tuple[int, int]:
        return at // MINUTE_US, (at - asked.start) // asked.step

    return cells(
        ((at, float(value)) for at, _, value in values),
        minute_of_step,
        counter=asked.field in COUNTERS,
    )
