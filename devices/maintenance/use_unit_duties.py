"""The use unit's own duties: daily control, weekly check, monthly meeting (日管控、周排查、月调度).

Theory of operation. Each duty belongs to a span of local time: a day, a week from Monday, a month.
A record counts for the span in which it was made; nobody can make up for a span that has gone, so
each missing one stays on the list of what was missed, and the running span is open, not missed.
Days on which the lift stood still all day want no daily control. Lists are data with wording of
our own. Modelled on Order 74 of the State Administration for Market Regulation (2023).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Any

from devices.codes import Name
from devices.days import ONE_DAY, days_from
from devices.maintenance.inspection import months_after
from devices.objections import Objection

WEEK = timedelta(days=7)
_HEAD = frozenset({"version", "modelled_on"})
_ROW = ("code", "zh", "en")


class UnitDuty(StrEnum):
    """How often the use unit looks after its lifts."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Span:
    """The days within which one record is wanted, both included."""

    duty: UnitDuty
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Point:
    """One line of a check-list."""

    code: str
    wording: Name


@dataclass(frozen=True, slots=True)
class CheckLists:
    """The lists of the three duties."""

    version: str
    points: Mapping[UnitDuty, tuple[Point, ...]]


@dataclass(frozen=True, slots=True)
class Refused:
    """Lists that cannot be used, with everything that is wrong in them."""

    objections: tuple[Objection, ...]


def parse(tree: Mapping[str, Any]) -> CheckLists | Refused:  # Any: parsed TOML
    """Read the tree of a file; objections name row (from 1) and field: `weekly[2].en`."""
    objections = [
        Objection(key, "unknown_key", f"known are {', '.join((*_HEAD, *UnitDuty))}")
        for key in tree
        if key not in _HEAD and key not in set(UnitDuty)
    ]
    version = tree.get("version")
    if not isinstance(version, str) or not version:
        objections.append(Objection("version", "missing", "give a text"))
    points: dict[UnitDuty, tuple[Point, ...]] = {}
    for duty in UnitDuty:
        rows = tree.get(duty)
        if not isinstance(rows, list) or not rows:
            objections.append(Objection(duty, "missing", f"give at least one [[{duty}]]"))
            continue
        wrong = [
            objection for n, row in enumerate(rows, 1) for objection in _row(row, f"{duty}[{n}]")
        ]
        objections += wrong
        if not wrong:
            points[duty] = tuple(Point(r["code"], Name(r["en"], r["zh"])) for r in rows)
    codes = [point.code for each in points.values() for point in each]
    objections += [
        Objection(code, "twice", "give each code once")
        for code in set(codes)
        if codes.count(code) > 1
    ]
    return Refused(tuple(objections)) if objections else CheckLists(str(version), points)


def span(duty: UnitDuty, day: date) -> Span:
    """The span of the duty that `day` belongs to."""
    match duty:
        case UnitDuty.DAILY:
            return Span(duty, day, day)
        case UnitDuty.WEEKLY:
            monday = day - timedelta(days=day.weekday())
            return Span(duty, monday, monday + WEEK - ONE_DAY)
        case UnitDuty.MONTHLY:
            return Span(duty, day.replace(day=1), months_after(day, 1) - ONE_DAY)


def missed(
    duty: UnitDuty,
    since: date,
    today: date,
    done_on: Collection[date],
    standing_still: Collection[date] = (),
) -> tuple[Span, ...]:
    """The spans from the one of `since` on that have gone without a record, oldest first.

    A span counts from `since` on: the unit took over in it. One in which the lift stood still on
    every day wants nothing.
    """
    done = {span(duty, day) for day in done_on}
    still = set(standing_still)
    past = takewhile(lambda each: each.last < today, _spans(duty, since))
    return tuple(
        each
        for each in past
        if each not in done
        and not all(d in still for d in days_from(max(each.first, since), each.last))
    )


def open_now(duty: UnitDuty, today: date, done_on: Collection[date]) -> Span | None:
    """The running span when its record is still wanted."""
    running = span(duty, today)
    done = any(running.first <= day <= running.last for day in done_on)
    return None if done else running


def _spans(duty: UnitDuty, since: date) -> Iterator[Span]:
    each = span(duty, since)
    while True:
        yield each
        each = span(duty, each.last + ONE_DAY)


def _row(row: object, where: str) -> list[Objection]:
    if not isinstance(row, Mapping):
        return [Objection(where, "bad_form", "write it as a table")]
    unknown = [
        Objection(f"{where}.{key}", "unknown_key", f"known are {', '.join(_ROW)}")
        for key in row
        if key not in _ROW
    ]
    return unknown + [
        Objection(f"{where}.{key}", "missing", "give a text")
        for key in _ROW
        if not isinstance(value := row.get(key), str) or not value.strip()
    ]
