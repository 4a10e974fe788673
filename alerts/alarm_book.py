"""Writes alarms: begun once, ended, seen and folded, each journalled under its subject.

Every function takes the caller's transaction. A step that an alarm's life cycle does not take
changes nothing.
"""

from datetime import datetime

from sqlalchemy import Connection, update

from alerts import alarm as alarms
from alerts import tables
from alerts.alarm import AlarmEvent, AlarmState
from alerts.model import Alarm
from alerts.verbs import Verb
from core import journal
from core.db import add_once
from core.journal import Actor, Entry, Subject
from devices.findings import Severity


def begin(
    connection: Connection,
    event_id: str,
    subject: Subject,
    *,
    code: str,
    severity: Severity,
    detail: str,
    since: datetime,
    now: datetime,
    actor: Actor,
) -> bool:
    """A new alarm; False where that event has one."""
    fresh = add_once(
        connection,
        tables.alarm,
        {"event_id": event_id},
        subject_kind=subject.kind,
        subject=subject.id,
        code=code,
        severity=severity,
        state=AlarmState.ACTIVE,
        detail=detail[:500],
        since=since,
    )
    if not fresh:
        return False
    facts = {"event_id": event_id, "code": code, "severity": severity, "detail": detail}
    journal.append(connection, Entry(subject, Verb.ALARM_RAISED, actor, now, facts=facts))
    return True


def end(
    connection: Connection,
    found: Alarm,
    at: datetime,
    now: datetime,
    actor: Actor,
    reason: str = "",
) -> bool:
    """Its condition has gone, for `reason` where it is not simply over; False where known."""
    if AlarmEvent.CLEAR not in alarms.ALARM.allowed(found.state):
        return False
    state = alarms.next_state(found.state, AlarmEvent.CLEAR)
    change(connection, found, state=state, cleared_at=at)
    _say(
        connection, found, Verb.ALARM_CLEARED, now, actor, **({"reason": reason} if reason else {})
    )
    return True


def see(connection: Connection, found: Alarm, now: datetime, actor: Actor) -> None:
    """Somebody has seen it. Raises Conflict("wrong_state")."""
    state = alarms.next_state(found.state, AlarmEvent.ACKNOWLEDGE)
    change(connection, found, state=state, acknowledged_at=now, acknowledged_by=actor.id)
    _say(connection, found, Verb.ALARM_ACKNOWLEDGED, now, actor)


def unseen(found: Alarm) -> bool:
    """Whether nobody has seen it yet."""
    return AlarmEvent.ACKNOWLEDGE in alarms.ALARM.allowed(found.state)


def fold(connection: Connection, found: Alarm, into: str, now: datetime, actor: Actor) -> None:
    """Let another alarm tell it; without one (empty) it tells itself again."""
    change(connection, found, folded_into=into)
    _say(connection, found, Verb.ALARM_FOLDED if into else Verb.ALARM_UNFOLDED, now, actor)


def change(connection: Connection, found: Alarm, **changes: object) -> None:
    """Set columns of its row."""
    connection.execute(
        update(tables.alarm).where(tables.alarm.c.event_id == found.event_id).values(**changes)
    )


def _say(
    connection: Connection, found: Alarm, verb: Verb, now: datetime, actor: Actor, **more: str
) -> None:
    journal.append(
        connection,
        Entry(
            Subject(found.subject_kind, found.subject),
            verb,
            actor,
            now,
            facts={"event_id": found.event_id, "code": found.code, **more},
        ),
    )
