"""Questions to the room; every one takes an open connection and changes nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from alerts import sla, store, tables
from alerts.actions import EVENTS, IncidentAction
from alerts.alarm import AlarmState
from alerts.assignment import ASSIGNMENT, OPEN, AssignmentAction
from alerts.enact import view_of
from alerts.incident import INCIDENT, RESCUING, IncidentEvent, IncidentState
from alerts.ladder import Kind, Next
from alerts.model import Alarm, Assignment, Incident, Notice, Report
from core import journal
from core.journal import Recorded, Subject

BOARD_LIMIT = 500


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident on the board, and the rung that comes next (None: nothing is due)."""

    incident: Incident
    assignments: tuple[Assignment, ...]
    next: Next | None


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """All there is to know of an incident.

    `actions` are what a seat may do now, `levels` to which it may be raised, `crew_actions` what
    each assignment takes, by its id. `comfort_due_at` is when a seat should have spoken to the
    trapped.
    """

    incident: Incident
    assignments: tuple[Assignment, ...]
    reports: tuple[Report, ...]
    notices: tuple[Notice, ...]
    timeline: tuple[Recorded, ...]
    actions: tuple[IncidentAction, ...]
    levels: tuple[int, ...]
    crew_actions: dict[int, tuple[AssignmentAction, ...]]
    next: Next | None
    comfort_due_at: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """Today's figures since local midnight. Means are None without a single case behind them."""

    opened: int
    open: int
    trapped: int
    people: int
    arrived: int
    target_missed: int
    statutory_missed: int
    freed: int
    mean_arrival: timedelta | None
    mean_release: timedelta | None


def next_rung(connection: Connection, of: Incident) -> Next | None:
    """The rung that comes next for an incident; None when nothing is due."""
    # Decided as of the opening, when nothing is overdue yet: what is left is what is to come.
    if of.wake_at is None:
        return None
    return sla.decide(view_of(connection, of), of.policy, of.wake_at - sla.INSTANT * 2).next


def board(
    connection: Connection,
    areas: Collection[str] | None = None,
    firm_id: int | None = None,
    station_id: int | None = None,
    include_closed_since: datetime | None = None,
) -> list[IncidentRow]:
    """Incidents that are not closed, newest first; and those closed since, where told.

    `areas`, `firm_id` and `station_id` narrow to cities and to those who were asked.
    """
    c = tables.incident.c
    shown: ColumnElement[bool] = c.state != IncidentState.CLOSED
    if include_closed_since is not None:
        shown = or_(shown, c.closed_at >= include_closed_since)
    wanted = [shown]
    if areas is not None:
        wanted.append(c.area.in_(areas))
    for kind, key in (("firm", firm_id), ("station", station_id)):
        if key is not None:
            a = tables.assignment.c
            asked = select(a.incident_id).where(a.target_kind == kind, a.target_id == key)
            wanted.append(c.id.in_(asked))
    rows = connection.execute(
        select(tables.incident)
        .where(and_(*wanted))
        .order_by(c.opened_at.desc(), c.id.desc())
        .limit(BOARD_LIMIT)
    ).all()
    return [
        IncidentRow(
            found,
            tuple(store.assignments(connection, found.id)),
            next_rung(connection, found),
        )
        for found in map(store.to_incident, rows)
    ]


def incident(connection: Connection, incident_id: str) -> IncidentDetail:
    """Everything about one incident; raises NotFound."""
    found = store.load_incident(connection, incident_id)
    asked = tuple(store.assignments(connection, incident_id))
    allowed = INCIDENT.allowed(found.state)
    free = {IncidentAction.NOTE, IncidentAction.COMFORT}
    return IncidentDetail(
        incident=found,
        assignments=asked,
        reports=tuple(store.reports(connection, incident_id)),
        notices=tuple(store.notices(connection, incident_id)),
        timeline=tuple(journal.history(connection, Subject("incident", incident_id))),
        actions=tuple(a for a in IncidentAction if a in free or EVENTS.get(a) in allowed),
        levels=_levels(found, asked) if IncidentEvent.DISPATCH in allowed else (),
        crew_actions={
            a.id: tuple(x for x in ASSIGNMENT.allowed(a.state) if x is not AssignmentAction.LAPSE)
            for a in asked
        },
        next=next_rung(connection, found),
        comfort_due_at=found.opened_at + found.policy.pickup,
    )


def _levels(found: Incident, asked: tuple[Assignment, ...]) -> tuple[int, ...]:
    public = any(a.level == 3 for a in asked)  # noqa: PLR2004
    return (2,) if public or found.state not in RESCUING else (2, 3)


def assignments_of(
    connection: Connection, target_kind: str, target_id: int, *, open_only: bool = True
) -> list[Assignment]:
    """What a firm or station has been asked to do, newest first."""
    c = tables.assignment.c
    wanted = select(tables.assignment).where(c.target_kind == target_kind, c.target_id == target_id)
    if open_only:
        wanted = wanted.where(c.state.in_(OPEN))
    return [store.to_assignment(row) for row in connection.execute(wanted.order_by(c.id.desc()))]


def assignment_by_id(connection: Connection, assignment_id: int) -> Assignment:
    """The assignment of that id; raises NotFound."""
    return store.load_assignment(connection, assignment_id)


def open_alarms(
    connection: Connection, subject_kind: str | None = None, subject: str | None = None
) -> list[Alarm]:
    """Alarms that have not both ended and been seen, newest first."""
    c = tables.alarm.c
    wanted = select(tables.alarm).where(c.state != AlarmState.CLOSED)
    if subject_kind is not None:
        wanted = wanted.where(c.subject_kind == subject_kind)
    if subject is not None:
        wanted = wanted.where(c.subject == subject)
    rows = connection.execute(wanted.order_by(c.since.desc()).limit(BOARD_LIMIT))
    return [store.to_alarm(row) for row in rows]


def open_count(connection: Connection, areas: Collection[str] | None = None) -> int:
    """How many incidents are not closed; of all cities unless told."""
    c = tables.incident.c
    wanted = [c.state != IncidentState.CLOSED, *([] if areas is None else [c.area.in_(areas)])]
    return connection.execute(select(func.count()).where(*wanted)).scalar_one()


def figures_today(
    connection: Connection,
    now: datetime,
    zone: ZoneInfo,
    areas: Collection[str] | None = None,
) -> Figures:
    """The figures of the local day of `now`; of all cities unless told."""
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    c = tables.incident.c
    rows = connection.execute(
        select(
            c.kind,
            c.people,
            c.opened_at,
            c.on_scene_at,
            c.freed_at,
            c.target_missed_at,
            c.statutory_missed_at,
        ).where(c.opened_at >= midnight, *([] if areas is None else [c.area.in_(areas)]))
    ).all()
    trapped = [row for row in rows if row.kind == Kind.TRAPPED]
    arrivals = [r.on_scene_at - r.opened_at for r in trapped if r.on_scene_at]
    releases = [r.freed_at - r.on_scene_at for r in trapped if r.freed_at and r.on_scene_at]
    return Figures(
        opened=len(rows),
        open=open_count(connection, areas),
        trapped=len(trapped),
        people=sum(row.people or 0 for row in trapped),
        arrived=len(arrivals),
        target_missed=sum(row.target_missed_at is not None for row in trapped),
        statutory_missed=sum(row.statutory_missed_at is not None for row in trapped),
        freed=sum(row.freed_at is not None for row in trapped),
        mean_arrival=_mean(arrivals),
        mean_release=_mean(releases),
    )


def _mean(spans: list[timedelta]) -> timedelta | None:
    return sum(spans, timedelta()) / len(spans) if spans else None
