"""Questions to the room; every one takes an open connection and changes nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, case, func, or_, select

from alerts import store, tables
from alerts.actions import EVENTS, IncidentAction
from alerts.alarm import AlarmState
from alerts.assignment import ASSIGNMENT, OPEN, AssignmentAction, AssignmentState
from alerts.confines import EVERYTHING, Confines
from alerts.incident import INCIDENT, RESCUING, IncidentEvent, IncidentState
from alerts.ladder import Kind, Next
from alerts.model import Alarm, Assignment, Incident, Notice, NoticeState, Report
from alerts.views import IncidentRow, next_rung, rows_of
from core import journal
from core.journal import Recorded, Subject

BOARD_LIMIT = 500


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """All there is to know of an incident.

    `actions` are what a seat may do now, `levels` to which it may be raised, `crew_actions` what
    each assignment takes, by its id. `comfort_due_at` is when a seat should have spoken to the
    trapped. `to_telephone` are those whose answer is waited for and whom no message can reach.
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
    to_telephone: tuple[Assignment, ...]


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


def board(
    connection: Connection,
    confines: Confines = EVERYTHING,
    include_closed_since: datetime | None = None,
    lift_code: str | None = None,
) -> list[IncidentRow]:
    """Incidents that are not closed, newest first; and those closed since, where told.

    Where somebody still needs help comes first and is never left out; of the rest the newest
    BOARD_LIMIT. `confines` and `lift_code` narrow to what the asker may see and to one lift.
    """
    c = tables.incident.c
    rest: ColumnElement[bool] = c.state.not_in([*RESCUING, IncidentState.CLOSED])
    if include_closed_since is not None:
        rest = or_(rest, c.closed_at >= include_closed_since)
    wanted = confines.incidents()
    if lift_code is not None:
        wanted.append(c.lift_code == lift_code)
    newest = select(tables.incident).where(*wanted).order_by(c.opened_at.desc(), c.id.desc())
    found = [
        *connection.execute(newest.where(c.state.in_(RESCUING))),
        *connection.execute(newest.where(rest).limit(BOARD_LIMIT)),
    ]
    return rows_of(connection, [store.to_incident(row) for row in found])


def incident(connection: Connection, incident_id: str) -> IncidentDetail:
    """Everything about one incident; raises NotFound."""
    found = store.load_incident(connection, incident_id)
    asked = tuple(store.assignments(connection, incident_id))
    notices = tuple(store.notices(connection, incident_id))
    allowed = INCIDENT.allowed(found.state)
    free = {IncidentAction.NOTE, IncidentAction.COMFORT}
    return IncidentDetail(
        incident=found,
        assignments=asked,
        reports=tuple(store.reports(connection, incident_id)),
        notices=notices,
        timeline=tuple(journal.history(connection, Subject("incident", incident_id))),
        actions=tuple(a for a in IncidentAction if a in free or EVENTS.get(a) in allowed),
        levels=_levels(found, asked) if IncidentEvent.DISPATCH in allowed else (),
        crew_actions={
            a.id: tuple(x for x in ASSIGNMENT.allowed(a.state) if x is not AssignmentAction.LAPSE)
            for a in asked
        },
        next=next_rung(connection, found),
        comfort_due_at=found.opened_at + found.policy.pickup,
        to_telephone=_to_telephone(found, asked, notices),
    )


def _to_telephone(
    found: Incident, asked: tuple[Assignment, ...], notices: tuple[Notice, ...]
) -> tuple[Assignment, ...]:
    reached = {
        each.body.get("assignment")
        for each in notices
        if each.outgoing and each.state is not NoticeState.FAILED
    }
    waits = {AssignmentState.OFFERED, AssignmentState.UNANSWERED}
    return tuple(
        each
        for each in asked
        if found.state in RESCUING and each.state in waits and each.id not in reached
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


def open_assignments(
    connection: Connection, confines: Confines = EVERYTHING, *, limit: int, offset: int = 0
) -> tuple[list[Assignment], int]:
    """Assignments of incidents that are not closed, where help is needed first; and the total."""
    t, c = tables.assignment, tables.incident.c
    wanted = [c.state != IncidentState.CLOSED, *confines.incidents()]
    both = t.join(tables.incident, c.id == t.c.incident_id)
    rows = connection.execute(
        select(t)
        .select_from(both)
        .where(*wanted)
        .order_by(help_first(), c.opened_at.desc(), t.c.id)
        .limit(limit)
        .offset(offset)
    )
    total = connection.execute(select(func.count()).select_from(both).where(*wanted)).scalar_one()
    return [store.to_assignment(row) for row in rows], total


def help_first() -> ColumnElement[int]:
    """Orders incidents in which somebody still needs help before all others."""
    return case((tables.incident.c.state.in_(RESCUING), 0), else_=1)


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


def open_count(connection: Connection, confines: Confines = EVERYTHING) -> int:
    """How many incidents are not closed; of the whole province unless told."""
    c = tables.incident.c
    wanted = [c.state != IncidentState.CLOSED, *confines.incidents()]
    return connection.execute(select(func.count()).where(*wanted)).scalar_one()


def figures_today(
    connection: Connection,
    now: datetime,
    zone: ZoneInfo,
    confines: Confines = EVERYTHING,
) -> Figures:
    """The figures of the local day of `now`; of the whole province unless told."""
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
        ).where(c.opened_at >= midnight, *confines.incidents())
    ).all()
    trapped = [row for row in rows if row.kind == Kind.TRAPPED]
    arrivals = [r.on_scene_at - r.opened_at for r in trapped if r.on_scene_at]
    releases = [r.freed_at - r.on_scene_at for r in trapped if r.freed_at and r.on_scene_at]
    return Figures(
        opened=len(rows),
        open=open_count(connection, confines),
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
