"""Applies what telemetry, video and the public pages handed off: once each, by event id.

A condition becomes an alarm. A critical one of a lift also opens an incident (or joins the open
one): an entrapment where people are, or may be, inside; else a fault for the firm. The end of the
condition is only a proposal: whether everybody is out is decided by a person's voice. What several
lifts of a building show of one power cut is folded under one alarm (alerts.folding).
"""

from datetime import datetime

from sqlalchemy import Connection, update

from alerts import alarm_book, folding, powercut, store, tables
from alerts.enact import record
from alerts.incident import RESCUING
from alerts.intake import open_incident
from alerts.ladder import Kind
from alerts.model import Alarm, Intake, Source
from alerts.policy import PolicyBook
from alerts.verbs import Verb
from core.errors import NotFound
from core.journal import Actor, Subject
from devices import queries
from devices.findings import (
    CameraBack,
    CameraDark,
    ConditionCleared,
    ConditionRaised,
    Finding,
    PublicReport,
    Severity,
)
from devices.model import Lift

TELEMETRY = Actor("system", "telemetry")
VIDEO = Actor("system", "video")
PUBLIC = Actor("public", "qr")


def apply_finding(
    connection: Connection, finding: Finding, policies: PolicyBook, now: datetime
) -> str:
    """Apply one finding; the answer says what came of it and is a metric label.

    raised, folded, opened, merged, cleared, repeated or unknown (an end that nothing began).
    """
    match finding:
        case ConditionRaised():
            return _raised(connection, finding, policies, now)
        case ConditionCleared():
            return _cleared(
                connection, finding.event_id, finding.at, now, TELEMETRY, finding.reason
            )
        case CameraDark():
            fresh = alarm_book.begin(
                connection,
                finding.event_id,
                Subject("camera", finding.camera),
                code=f"camera.{finding.state}",
                severity=Severity.MINOR,
                detail=finding.reason,
                since=finding.since,
                now=now,
                actor=VIDEO,
            )
            return "raised" if fresh else "repeated"
        case CameraBack():
            return _cleared(connection, finding.event_id, finding.at, now, VIDEO)
        case PublicReport():
            return _reported(connection, finding, policies, now)


def acknowledge_alarm(connection: Connection, event_id: str, now: datetime, actor: Actor) -> Alarm:
    """Somebody has seen the alarm. Raises NotFound or Conflict("wrong_state")."""
    found = store.load_alarm(connection, event_id)
    if found is None:
        raise NotFound("alarm", event_id)
    alarm_book.see(connection, found, now, actor)
    for each in folding.folded(connection, event_id):
        if alarm_book.unseen(each):
            alarm_book.see(connection, each, now, actor)
    kept = store.load_alarm(connection, event_id)
    if kept is None:
        raise NotFound("alarm", event_id)
    return kept


def _raised(
    connection: Connection, found: ConditionRaised, policies: PolicyBook, now: datetime
) -> str:
    fresh = alarm_book.begin(
        connection,
        found.event_id,
        Subject(found.subject_kind, found.subject),
        code=found.code,
        severity=found.severity,
        detail=found.detail,
        since=found.since,
        now=now,
        actor=TELEMETRY,
    )
    if not fresh:
        return "repeated"
    if found.code in powercut.SIGNS:
        kept = store.load_alarm(connection, found.event_id)
        if kept is not None and folding.look_at_buildings(connection, kept, now):
            return "folded"
    if found.subject_kind != "lift" or found.severity is not Severity.CRITICAL:
        return "raised"
    lift = _lift(connection, found.subject)
    if lift is None:
        return "raised"
    # Only somebody inside makes it a rescue; where the gateway cannot tell, it is one.
    trapped = found.code.startswith(("trapped.", "alarm.")) or found.occupied is not False
    intake = Intake(
        event_key=found.event_id,
        kind=Kind.TRAPPED if trapped else Kind.FAULT,
        source=Source.BUTTON if found.code == "alarm.button" else Source.INFERRED,
        lift=lift,
        floor=found.floor,
        note=found.detail or found.code,
    )
    opened = open_incident(connection, intake, policies, now, TELEMETRY)
    connection.execute(
        update(tables.alarm)
        .where(tables.alarm.c.event_id == found.event_id)
        .values(incident_id=opened.incident_id)
    )
    return "opened" if opened.created else "merged"


def _reported(
    connection: Connection, told: PublicReport, policies: PolicyBook, now: datetime
) -> str:
    lift = _lift(connection, told.lift)
    intake = Intake(
        event_key=told.event_id,
        kind=Kind.TRAPPED if told.trapped else Kind.FAULT,
        source=Source.PUBLIC,
        lift=lift,
        lift_code=told.lift,
        place="" if lift else f"电梯 {told.lift}",
        people=told.people,
        injured=told.injured,
        note=told.note,
        reporter_name=told.reporter_name,
        reporter_phone=told.reporter_phone,
    )
    opened = open_incident(connection, intake, policies, now, PUBLIC)
    if opened.created:
        return "opened"
    return "merged" if opened.merged else "repeated"


def _lift(connection: Connection, code: str) -> Lift | None:
    try:
        return queries.lift_by_code(connection, code)
    except NotFound:
        return None


def _cleared(
    connection: Connection,
    event_id: str,
    at: datetime,
    now: datetime,
    actor: Actor,
    reason: str = "",
) -> str:
    found = store.load_alarm(connection, event_id)
    if found is None:
        return "unknown"
    if not alarm_book.end(connection, found, at, now, actor, reason):
        return "repeated"
    if found.code in powercut.SIGNS:
        folding.look_at_buildings(connection, found, now, ended_at=at)
    if found.incident_id is not None:
        incident = store.load_incident(connection, found.incident_id)
        if incident.state in RESCUING:
            record(
                connection,
                incident.id,
                Verb.CONDITION_CLEARED,
                now,
                actor,
                event_id=event_id,
                code=found.code,
                proposal="self_escaped",
            )
    return "cleared"
