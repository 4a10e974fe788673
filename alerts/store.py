"""Rows to values and back. Takes an open connection and never commits."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, Row, Table, cast, func, insert, select, update

from alerts import policy
from alerts.alarm import AlarmState
from alerts.assignment import OPEN, AssignmentState, TargetKind
from alerts.incident import RESCUING, IncidentState
from alerts.ladder import Kind
from alerts.model import Alarm, Assignment, Incident, Notice, NoticeState, Report, Source
from alerts.tables import alarm, assignment, incident, notice, report
from core.db import add_once
from core.errors import Conflict, NotFound

AnyRow = Row[Any]  # SQLAlchemy types rows by position; we read them by name


def _values(row: AnyRow) -> dict[str, Any]:
    return dict(row._mapping)  # noqa: SLF001  (public by documentation, underscored against clashes)


def to_incident(row: AnyRow) -> Incident:
    """A row of `incident` as a value."""
    values = {
        name: value
        for name, value in _values(row).items()
        if name not in {"merged_into", "policy", "taken_steps"}
    }
    values |= {
        "kind": Kind(row.kind),
        "source": Source(row.source),
        "state": IncidentState(row.state),
        "policy": policy.from_json(row.policy),
        "taken_steps": frozenset(row.taken_steps),
    }
    return Incident(**values)


def to_assignment(row: AnyRow) -> Assignment:
    """A row of `assignment` as a value."""
    values = _values(row) | {
        "state": AssignmentState(row.state),
        "target_kind": TargetKind(row.target_kind),
    }
    return Assignment(**values)


def to_notice(row: AnyRow) -> Notice:
    """A row of `notice` as a value."""
    return Notice(**(_values(row) | {"state": NoticeState(row.state)}))


def to_alarm(row: AnyRow) -> Alarm:
    """A row of `alarm` as a value."""
    return Alarm(**(_values(row) | {"state": AlarmState(row.state)}))


def load_incident(connection: Connection, incident_id: str) -> Incident:
    """The incident of that number; raises NotFound."""
    row = connection.execute(select(incident).where(incident.c.id == incident_id)).one_or_none()
    if row is None:
        raise NotFound("incident", incident_id)
    return to_incident(row)


def add_incident(connection: Connection, **values: object) -> Incident:
    """Write a new incident."""
    return to_incident(
        connection.execute(insert(incident).values(**values).returning(incident)).one()
    )


def load_assignment(connection: Connection, assignment_id: int) -> Assignment:
    """The assignment of that id; raises NotFound."""
    row = connection.execute(
        select(assignment).where(assignment.c.id == assignment_id)
    ).one_or_none()
    if row is None:
        raise NotFound("assignment", str(assignment_id))
    return to_assignment(row)


def assignments(connection: Connection, incident_id: str) -> list[Assignment]:
    """The assignments of an incident in the order of offering."""
    rows = connection.execute(
        select(assignment).where(assignment.c.incident_id == incident_id).order_by(assignment.c.id)
    )
    return [to_assignment(row) for row in rows]


def assignments_by_incident(
    connection: Connection, incident_ids: Sequence[str]
) -> dict[str, list[Assignment]]:
    """The assignments of several incidents, each in the order of offering."""
    found: dict[str, list[Assignment]] = {}
    for row in connection.execute(
        select(assignment)
        .where(assignment.c.incident_id.in_(incident_ids))
        .order_by(assignment.c.id)
    ):
        found.setdefault(row.incident_id, []).append(to_assignment(row))
    return found


def reports(connection: Connection, incident_id: str) -> list[Report]:
    """The tellings of an incident, oldest first."""
    rows = connection.execute(
        select(report).where(report.c.incident_id == incident_id).order_by(report.c.id)
    )
    return [Report(**(_values(row) | {"source": Source(row.source)})) for row in rows]


def notices(connection: Connection, incident_id: str) -> list[Notice]:
    """The notices of an incident, oldest first."""
    rows = connection.execute(
        select(notice).where(notice.c.incident_id == incident_id).order_by(notice.c.id)
    )
    return [to_notice(row) for row in rows]


def check_version(kind: str, key: object, actual: int, expected: int | None) -> None:
    """Raise Conflict("stale_version") unless the caller has seen the newest version."""
    if expected is not None and expected != actual:
        raise Conflict(
            "stale_version", f"{kind} {key} is at version {actual}, you have seen {expected}"
        )


def save_incident(connection: Connection, before: Incident, **changes: object) -> Incident:
    """Keep `changes` of the incident as loaded; raises Conflict when another came first."""
    kept = connection.execute(
        update(incident)
        .where(incident.c.id == before.id, incident.c.version == before.version)
        .values(version=before.version + 1, **changes)
        .returning(incident)
    ).one_or_none()
    if kept is None:
        raise Conflict("stale_version", f"incident {before.id} has changed")
    return to_incident(kept)


def save_assignment(connection: Connection, before: Assignment, **changes: object) -> Assignment:
    """Keep `changes` of the assignment as loaded; raises Conflict when another came first."""
    kept = connection.execute(
        update(assignment)
        .where(assignment.c.id == before.id, assignment.c.version == before.version)
        .values(version=before.version + 1, **changes)
        .returning(assignment)
    ).one_or_none()
    if kept is None:
        raise Conflict("stale_version", f"assignment {before.id} has changed")
    return to_assignment(kept)


def incident_of_key(connection: Connection, event_key: str) -> str | None:
    """The incident that this telling opened or joined."""
    found: str | None = connection.execute(
        select(report.c.incident_id).where(report.c.event_key == event_key)
    ).scalar_one_or_none()
    return found


def fingerprint_of_key(connection: Connection, event_key: str) -> str:
    """What was told under this key; empty where there is none, or an older hub wrote it."""
    found: str | None = connection.execute(
        select(report.c.fingerprint).where(report.c.event_key == event_key)
    ).scalar_one_or_none()
    return found or ""


def open_incidents_of(connection: Connection, lift_code: str) -> list[Incident]:
    """Incidents of a lift in which somebody still needs help, newest first."""
    rows = connection.execute(
        select(incident)
        .where(incident.c.lift_code == lift_code, incident.c.state.in_(RESCUING))
        .order_by(incident.c.opened_at.desc(), incident.c.id.desc())
    )
    return [to_incident(row) for row in rows]


def next_ordinal(connection: Connection, day: str) -> int:
    """The next free number of a day, `20261123`."""
    c = incident.c
    highest = connection.execute(
        select(func.max(cast(func.substr(c.id, len(day) + 2), Integer))).where(
            c.id >= f"{day}-0",
            c.id < f"{day}-A",  # digits before letters: so in every collation, unlike signs
        )
    ).scalar_one()
    return (highest or 0) + 1


def add_report(connection: Connection, *, event_key: str, **values: object) -> bool:
    """Write a telling; False when its event key stands there already."""
    return add_once(connection, report, {"event_key": event_key}, **values)


def add_notice(connection: Connection, *, key: str, **values: object) -> bool:
    """Write a notice; False when its key stands there already."""
    fresh = {"state": NoticeState.PENDING, "attempts": 0}
    return add_once(connection, notice, {"key": key}, **fresh, **values)


def add_assignment(connection: Connection, **values: object) -> int:
    """Write an offered assignment; answers its id."""
    written: int = connection.execute(
        insert(assignment)
        .values(state=AssignmentState.OFFERED, version=1, **values)
        .returning(assignment.c.id)
    ).scalar_one()
    return written


def open_orders(connection: Connection) -> dict[int, int]:
    """How many open assignments each station has."""
    c = assignment.c
    rows = connection.execute(
        select(c.target_id, func.count())
        .where(c.target_kind == TargetKind.STATION, c.state.in_(OPEN))
        .group_by(c.target_id)
    )
    return {row[0]: row[1] for row in rows}


def due_incidents(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Incidents whose `wake_at` has come, the longest overdue first."""
    c = incident.c
    return list(
        connection.execute(
            select(c.id).where(c.wake_at <= now).order_by(c.wake_at).limit(limit)
        ).scalars()
    )


def shift_open(connection: Connection, step: timedelta) -> list[str]:
    """Move every instant of the open incidents, their offers and notices; answers their numbers."""
    is_open = incident.c.state != IncidentState.CLOSED
    numbers = []
    for row in connection.execute(select(incident).where(is_open)).all():
        _shift(connection, incident, row, step)
        numbers.append(row.id)
    for table in (assignment, notice):
        theirs = table.c.incident_id.in_(select(incident.c.id).where(is_open))
        for row in connection.execute(select(table).where(theirs)).all():
            _shift(connection, table, row, step)
    return numbers


def _shift(connection: Connection, table: Table, row: AnyRow, step: timedelta) -> None:
    instants: dict[str, object] = {
        name: value + step for name, value in _values(row).items() if isinstance(value, datetime)
    }
    if "version" in table.c:
        instants["version"] = row.version + 1
    connection.execute(update(table).where(table.c.id == row.id).values(**instants))


def load_alarm(connection: Connection, event_id: str) -> Alarm | None:
    """The alarm of an event, if there is one."""
    row = connection.execute(select(alarm).where(alarm.c.event_id == event_id)).one_or_none()
    return None if row is None else to_alarm(row)
