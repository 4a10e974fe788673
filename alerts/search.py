"""The list of incidents, running and closed: narrowed, ordered, and only then fetched.

Asked in two steps like the registry's lists (`devices.search`): which, and what they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from alerts import store, tables
from alerts.confines import EVERYTHING, Confines
from alerts.incident import IncidentState
from alerts.queries import help_first
from alerts.views import IncidentRow, rows_of
from devices import reach

PART = 400  # ids in one question


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Which incidents; what is empty narrows nothing.

    confines: what the asker may see at all.
    running: True for what is not closed, False for what is, None for both. closed_since: with
    `running`, those closed since as well.
    """

    text: str = ""
    confines: Confines = EVERYTHING
    running: bool | None = None
    closed_since: datetime | None = None
    state: str = ""
    kind: str = ""
    level: int | None = None
    area: str = ""
    opened_from: datetime | None = None
    opened_before: datetime | None = None

    def clauses(self) -> list[ColumnElement[bool]]:
        """What the filter asks of a row."""
        c = tables.incident.c
        wanted = [
            *self.confines.incidents(),
            *self._standing(),
            *self._of_kind(),
            *_holds(self.text),
        ]
        if self.opened_from is not None:
            wanted.append(c.opened_at >= self.opened_from)
        if self.opened_before is not None:
            wanted.append(c.opened_at < self.opened_before)
        return wanted

    def _standing(self) -> list[ColumnElement[bool]]:
        c = tables.incident.c
        if self.running is None:
            return []
        if not self.running:
            return [c.state == IncidentState.CLOSED]
        running = c.state != IncidentState.CLOSED
        recent = self.closed_since
        return [running if recent is None else or_(running, c.closed_at >= recent)]

    def _of_kind(self) -> list[ColumnElement[bool]]:
        c = tables.incident.c
        wanted: list[ColumnElement[bool]] = []
        if self.state:
            wanted.append(c.state == self.state)
        if self.kind:
            wanted.append(c.kind == self.kind)
        if self.level is not None:
            wanted.append(c.level == self.level)
        if self.area:
            wanted.append(or_(c.area == self.area, c.district == self.area))
        return wanted


_C = tables.incident.c
ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {  # Any: each column orders by its own type
    # Where somebody still needs help comes first in either direction.
    "help": (help_first(), _C.opened_at),
    "opened": (_C.opened_at,),
    "code": (_C.lift_code,),
    "level": (_C.level,),
    "state": (_C.state,),
    # What is not waited for comes last in either direction.
    "due": (_C.wake_at.is_(None), _C.wake_at),
}


def incident_ids(
    connection: Connection,
    wanted: IncidentFilter,
    order: str = "help",
    *,
    descending: bool = True,
    limit: int | None = None,
    offset: int = 0,
) -> list[str]:
    """The number of every incident that `wanted` lets through, in order."""
    *first, last = ORDERS[order]
    by = [*first, last.desc() if descending else last.asc()]
    rows = connection.execute(
        select(_C.id)
        .where(*wanted.clauses())
        .order_by(*by, _C.opened_at.desc(), _C.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return list(rows.scalars())


def incident_count(connection: Connection, wanted: IncidentFilter) -> int:
    """How many incidents `wanted` lets through."""
    asked = select(func.count()).select_from(tables.incident).where(*wanted.clauses())
    return connection.execute(asked).scalar_one()


def incident_rows(connection: Connection, ids: Sequence[str]) -> list[IncidentRow]:
    """The incidents of those numbers with who was asked and what comes next, in that order."""
    found = {}
    for start in range(0, len(ids), PART):
        part = _C.id.in_(ids[start : start + PART])
        for row in connection.execute(select(tables.incident).where(part)):
            found[row.id] = store.to_incident(row)
    return rows_of(connection, [found[each] for each in ids if each in found])


def areas(connection: Connection, within: str = "") -> list[str]:
    """The cities and districts that incidents happened in."""
    asked = select(_C.area, _C.district).distinct()
    if within:
        asked = asked.where(reach.within(within, _C))
    return sorted({code for row in connection.execute(asked) for code in row if code})


def _holds(text: str) -> list[ColumnElement[bool]]:
    return [
        or_(
            _C.id.startswith(word, autoescape=True),
            _C.lift_code.startswith(word, autoescape=True),
            _C.place.icontains(word, autoescape=True),
        )
        for word in text.split()
    ]
