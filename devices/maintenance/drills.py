"""Emergency drills (应急演练) of use units: one at least every half year, recorded by who held it.

Theory of operation. The first drill falls due half a year after the hub began to plan the first of
the unit's lifts, each further one half a year after the last (reminders.drill_due). A drill once
recorded is never altered; one recorded in error is followed by another. Units without a lift in
use hold none. Modelled on TSG T5002-2017 Art. 5(3).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, func, insert, or_, select

from core import journal
from core.errors import InvalidMessage
from core.ids import sortable_key
from core.journal import Actor, Entry, Subject
from devices import tables as registry
from devices.days import local_day
from devices.keeping import must_exist
from devices.maintenance import tables
from devices.maintenance.queries import Sight
from devices.maintenance.reminders import DRILL_MONTHS, drill_due
from devices.model import LiftStatus
from devices.store import AnyRow

SOON = timedelta(days=30)
OLDEST = timedelta(days=366)  # how far back a drill may be entered


class DrillState(StrEnum):
    """Where a use unit stands."""

    OVERDUE = "overdue"
    SOON = "soon"
    IN_TIME = "in_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillFilter:
    """Which use units; what is empty narrows nothing."""

    sight: Sight
    today: date
    state: DrillState | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class DrillRow:
    """A use unit with its lifts in use, its last drill, and the last day for the next."""

    unit_id: int
    code: str
    unit: str
    lifts: int
    last_on: date | None
    due_on: date
    course: str
    found: str

    def state(self, today: date) -> DrillState:
        """Where it stands."""
        if self.due_on < today:
            return DrillState.OVERDUE
        return DrillState.SOON if self.due_on <= today + SOON else DrillState.IN_TIME


def record_drill(
    connection: Connection,
    unit_id: int,
    on: date,
    people: int,
    course: str,
    now: datetime,
    actor: Actor,
    zone: ZoneInfo,
    *,
    lift_code: str = "",
    found: str = "",
) -> str:
    """Keep a drill; answers its id.

    Raises InvalidMessage for a day to come or more than a year back, without people, and without
    what was practised; NotFound for no such use unit.
    """
    must_exist(connection, registry.use_unit, unit_id, "use unit")
    today = local_day(now, zone)
    if not today - OLDEST <= on <= today:
        raise InvalidMessage("out_of_range", "give a day, a year back at most", field="on")
    if people < 1:
        raise InvalidMessage("missing", "say how many took part", field="people")
    if not course.strip():
        raise InvalidMessage("missing", "say what was practised", field="course")
    fresh = sortable_key(now)
    connection.execute(
        insert(tables.drill).values(
            id=fresh,
            use_unit_id=unit_id,
            on=on,
            lift_code=lift_code,
            people=people,
            course=course.strip(),
            found=found.strip(),
            by=actor.id,
            at=now,
        )
    )
    facts = {"on": on.isoformat(), "people": people, "lift": lift_code}
    subject = Subject("use_unit", str(unit_id))
    journal.append(connection, Entry(subject, "drill.kept", actor, now, facts))
    return fresh


def unit_ids(
    connection: Connection, wanted: DrillFilter, *, limit: int, offset: int = 0
) -> list[int]:
    """The use units, the longest without a drill first."""
    asked, last, since = _units(wanted)
    by = func.coalesce(last, since)
    rows = connection.execute(
        asked.order_by(by, registry.use_unit.c.id).limit(limit).offset(offset)
    )
    return [row.id for row in rows]


def unit_count(connection: Connection, wanted: DrillFilter) -> int:
    """How many those are."""
    asked, _, _ = _units(wanted)
    found: int = connection.execute(select(func.count()).select_from(asked.subquery())).scalar_one()
    return found


def rows(connection: Connection, wanted: DrillFilter, ids: Collection[int]) -> list[DrillRow]:
    """Those use units, in that order."""
    asked, _, _ = _units(wanted)
    unit, d = registry.use_unit.c, tables.drill.c
    found = {row.id: row for row in connection.execute(asked.where(unit.id.in_(ids)))}
    newest = {
        row.use_unit_id: row
        for row in connection.execute(
            select(d.use_unit_id, d.course, d.found)
            .where(d.use_unit_id.in_(ids))
            .order_by(d.on, d.id)
        )
    }
    told = []
    for each in ids:
        if (row := found.get(each)) is None:
            continue
        drill = newest.get(each)
        told.append(
            DrillRow(
                each,
                row.code,
                row.name,
                row.lifts,
                row.last_on,
                drill_due(row.last_on or row.since),
                drill.course if drill else "",
                drill.found if drill else "",
            )
        )
    return told


def _units(wanted: DrillFilter) -> tuple[Select[Any], Any, Any]:  # Any: rows and columns of SQL
    """Use units with lifts in use that the sight reaches; the last drill, and since when."""
    unit, lift, plan, d = registry.use_unit.c, registry.lift.c, tables.plan.c, tables.drill.c
    last = (
        select(func.max(d.on)).where(d.use_unit_id == unit.id).correlate(registry.use_unit)
    ).scalar_subquery()
    since = func.coalesce(func.min(plan.counts_from), wanted.today)
    asked = (
        select(
            unit.id,
            unit.code,
            unit.name,
            func.count(lift.id).label("lifts"),
            last.label("last_on"),
            since.label("since"),
        )
        .select_from(
            registry.use_unit.join(registry.lift, lift.use_unit_id == unit.id).outerjoin(
                tables.plan, plan.lift_id == lift.id
            )
        )
        .where(lift.status == LiftStatus.IN_USE, *wanted.sight.lifts())
        .group_by(unit.id, unit.code, unit.name)
    )
    if wanted.text:
        asked = asked.where(
            or_(
                unit.code.startswith(wanted.text, autoescape=True),
                unit.name.contains(wanted.text, autoescape=True),
            )
        )
    reached = func.coalesce(last, since)
    match wanted.state:
        case DrillState.OVERDUE:
            asked = asked.having(reached <= _over_since(wanted.today))
        case DrillState.SOON:
            asked = asked.having(
                reached > _over_since(wanted.today), reached <= _over_since(wanted.today + SOON)
            )
        case DrillState.IN_TIME:
            asked = asked.having(reached > _over_since(wanted.today + SOON))
        case None:
            pass
    return asked, last, since


def _over_since(day: date) -> date:
    """The last day whose drill, or beginning, is too long ago on `day`."""
    back = day - timedelta(days=31 * DRILL_MONTHS)
    while drill_due(back + timedelta(days=1)) < day:
        back += timedelta(days=1)
    return back


def held(connection: Connection, unit_id: int, limit: int = 50) -> list[AnyRow]:
    """The drills of a use unit, the newest first: on, lift_code, people, course, found, by, at."""
    d = tables.drill.c
    asked = select(tables.drill).where(d.use_unit_id == unit_id)
    return list(connection.execute(asked.order_by(d.on.desc(), d.id.desc()).limit(limit)))
