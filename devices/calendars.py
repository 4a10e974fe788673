"""A work calendar out of a file: rest days of the week, holidays, days worked instead.

Theory of operation. Holidays are data that change every year; a file names days (`2026-10-01`) or
stretches of days (`2026-10-01/2026-10-08`). A day that is closed and worked at once is refused:
nobody could tell which is meant. Everything wrong is told at once, by field and place.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from devices.days import SATURDAY, SUNDAY, WorkCalendar, days_from
from devices.objections import Objection

KEYS = ("rest_weekdays", "closed", "worked")
LONGEST = 366  # days of one stretch
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_REST = [_WEEK[SATURDAY], _WEEK[SUNDAY]]


def parse(tree: Mapping[str, Any]) -> WorkCalendar | tuple[Objection, ...]:  # Any: parsed TOML
    """Read a calendar's table; without `rest_weekdays` Saturday and Sunday are free."""
    found = [
        Objection(key, "unknown_key", f"known are {', '.join(KEYS)}")
        for key in tree
        if key not in KEYS
    ]
    weekdays = tree.get("rest_weekdays", _REST)
    if not isinstance(weekdays, list) or not all(each in _WEEK for each in weekdays):
        found.append(Objection("rest_weekdays", "bad_form", f"list some of {', '.join(_WEEK)}"))
        weekdays = []
    closed, worked = _days(tree, "closed", found), _days(tree, "worked", found)
    found += [
        Objection(f"worked[{day}]", "closed_and_worked", "name the day in one of the two")
        for day in sorted(closed & worked)
    ]
    if found:
        return tuple(found)
    return WorkCalendar(frozenset(_WEEK.index(each) for each in weekdays), closed, worked)


def _days(tree: Mapping[str, Any], key: str, found: list[Objection]) -> frozenset[date]:
    rows = tree.get(key, [])
    if not isinstance(rows, list):
        found.append(Objection(key, "bad_form", "give a list of days"))
        return frozenset()
    days: set[date] = set()
    for n, row in enumerate(rows, 1):
        try:
            first, _, last = str(row).partition("/")
            stretch = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            found.append(Objection(f"{key}[{n}]", "bad_form", "write 2026-10-01/2026-10-08"))
            continue
        if not 0 <= (stretch[1] - stretch[0]).days < LONGEST:
            found.append(Objection(f"{key}[{n}]", "bad_order", "at most a year, first day first"))
            continue
        days.update(days_from(*stretch))
    return frozenset(days)
