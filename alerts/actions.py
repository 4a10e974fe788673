"""What people do: crews act on their assignment, seats act on the incident.

Every action moves a life cycle by its table, is journalled, and lets the ladder decide again, all
in the caller's transaction. A refused action raises Conflict and has changed nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from alerts import assignment as assignments
from alerts import sla, store
from alerts.assignment import AssignmentAction, AssignmentState, Proof
from alerts.enact import enact, record, settle, stand_down, tell_stand_down
from alerts.incident import INCIDENT, RESCUING, IncidentEvent
from alerts.model import Assignment, Incident
from alerts.verbs import Verb
from alerts.views import view_of
from core.errors import Conflict, InvalidMessage
from core.journal import Actor
from devices.model import Lift

MAX_TEXT = 500


class IncidentAction(StrEnum):
    """What a seat can do with an incident. Raising the level is `raise_level`."""

    LOCATED = "located"
    FREED = "freed"
    CONFIRM = "confirm"
    CAUSE = "cause"
    CLOSE = "close"
    FALSE_ALARM = "false_alarm"
    SELF_ESCAPED = "self_escaped"
    NOTE = "note"
    COMFORT = "comfort"


EVENTS: Mapping[IncidentAction, IncidentEvent] = {
    IncidentAction.LOCATED: IncidentEvent.LOCATE,
    IncidentAction.FREED: IncidentEvent.FREE,
    IncidentAction.CONFIRM: IncidentEvent.CONFIRM,
    IncidentAction.CAUSE: IncidentEvent.REPORT_CAUSE,
    IncidentAction.CLOSE: IncidentEvent.CLOSE,
    IncidentAction.FALSE_ALARM: IncidentEvent.DISMISS,
    IncidentAction.SELF_ESCAPED: IncidentEvent.SELF_ESCAPE,
}
"""The event of the life cycle behind an action; a note and a comfort call move nothing."""

_VERBS = {
    IncidentAction.LOCATED: Verb.LOCATED,
    IncidentAction.FREED: Verb.FREED,
    IncidentAction.CONFIRM: Verb.CONFIRMED,
    IncidentAction.CAUSE: Verb.CAUSE_REPORTED,
    IncidentAction.CLOSE: Verb.CLOSED,
    IncidentAction.FALSE_ALARM: Verb.FALSE_ALARM,
    IncidentAction.SELF_ESCAPED: Verb.SELF_ESCAPED,
    IncidentAction.NOTE: Verb.NOTE,
    IncidentAction.COMFORT: Verb.COMFORT_CALL,
}

_STAMPS = {
    IncidentEvent.LOCATE: "located_at",
    IncidentEvent.ACKNOWLEDGE: "acknowledged_at",
    IncidentEvent.SET_OUT: "en_route_at",
    IncidentEvent.ARRIVE: "on_scene_at",
    IncidentEvent.FREE: "freed_at",
    IncidentEvent.CONFIRM: "confirmed_at",
    IncidentEvent.REPORT_CAUSE: "cause_reported_at",
    IncidentEvent.CLOSE: "closed_at",
}

_CREW = {
    AssignmentAction.ACCEPT: (IncidentEvent.ACKNOWLEDGE, Verb.ACCEPTED, "acknowledged_at"),
    AssignmentAction.EN_ROUTE: (IncidentEvent.SET_OUT, Verb.EN_ROUTE, "en_route_at"),
    AssignmentAction.ARRIVE: (IncidentEvent.ARRIVE, Verb.ARRIVED, "on_scene_at"),
    AssignmentAction.FINISH: (IncidentEvent.FREE, Verb.FINISHED, "ended_at"),
    AssignmentAction.REFUSE: (None, Verb.REFUSED, "ended_at"),
    AssignmentAction.STAND_DOWN: (None, Verb.STOOD_DOWN, "ended_at"),
}


_WAYS = {
    AssignmentState.ACKNOWLEDGED: (IncidentEvent.ACKNOWLEDGE,),
    AssignmentState.EN_ROUTE: (IncidentEvent.ACKNOWLEDGE, IncidentEvent.SET_OUT),
    AssignmentState.ON_SCENE: (
        IncidentEvent.ACKNOWLEDGE,
        IncidentEvent.SET_OUT,
        IncidentEvent.ARRIVE,
    ),
}
"""How a crew that is at work has brought its incident on."""


def act_on_assignment(
    connection: Connection,
    assignment_id: int,
    action: AssignmentAction,
    now: datetime,
    actor: Actor,
    *,
    responder: str = "",
    proof: str = "",
    reason: str = "",
    version: int | None = None,
) -> Assignment:
    """Let a crew accept, refuse, set out, arrive (with its proof), finish or be stood down.

    Finishing frees the people and stands the other crews down. Raises NotFound, Conflict
    ("wrong_state", "stale_version") or InvalidMessage(field "proof").
    """
    asked = store.load_assignment(connection, assignment_id)
    store.check_version("assignment", assignment_id, asked.version, version)
    if action not in _CREW:
        raise InvalidMessage("bad_field", f"{action} is the engine's alone", field="action")
    if action is AssignmentAction.ARRIVE and proof not in set(Proof):
        raise InvalidMessage("bad_field", f"one of {', '.join(Proof)}", field="proof")
    state = assignments.next_state(asked.state, action)
    event, verb, stamp = _CREW[action]
    incident = store.load_incident(connection, asked.incident_id)
    changes: dict[str, object] = {"state": state, stamp: now}
    if responder:
        changes["responder"] = responder[:64]
    if action is AssignmentAction.ARRIVE:
        changes["proof"] = proof
    kept = store.save_assignment(connection, asked, **changes)
    facts = {"assignment": asked.id, "level": asked.level, "target": asked.target_name}
    if action is AssignmentAction.ARRIVE:
        facts["proof"] = proof
    record(connection, incident.id, verb, now, actor, reason, **facts)
    if action is AssignmentAction.STAND_DOWN:
        tell_stand_down(connection, incident, asked, now)
    incident = _follow(connection, incident, event, now)
    if event is IncidentEvent.FREE:
        record(connection, incident.id, Verb.FREED, now, actor, assignment=asked.id)
        stand_down(connection, incident, now, actor, except_id=asked.id)
    settle(connection, incident, now, actor)
    return kept


def _follow(
    connection: Connection, incident: Incident, event: IncidentEvent | None, now: datetime
) -> Incident:
    """Move the incident after its assignment; without an event it may have to fall back."""
    if event is not None:
        return _move(connection, incident, event, now)
    if IncidentEvent.FALL_BACK not in INCIDENT.allowed(incident.state):
        return incident
    left = (_WAYS.get(a.state, ()) for a in store.assignments(connection, incident.id))
    state = INCIDENT.next_state(incident.state, IncidentEvent.FALL_BACK)
    for step in max(left, key=len, default=()):
        state = INCIDENT.next_state(state, step)
    if state is incident.state:
        return incident
    return store.save_incident(connection, incident, state=state)


def _move(
    connection: Connection,
    incident: Incident,
    event: IncidentEvent,
    now: datetime,
    **changes: object,
) -> Incident:
    changes["state"] = INCIDENT.next_state(incident.state, event)
    stamp = _STAMPS.get(event)
    if stamp and getattr(incident, stamp) is None:  # the first time counts
        changes[stamp] = now
    return store.save_incident(connection, incident, **changes)


def act_on_incident(
    connection: Connection,
    incident_id: str,
    action: IncidentAction,
    now: datetime,
    actor: Actor,
    *,
    text: str = "",
    code: str = "",
    lift: Lift | None = None,
    version: int | None = None,
) -> Incident:
    """Let a seat act.

    `text` is the note, reason or cause; `code` the cause's code; `lift` was found for a place.
    Raises NotFound, Conflict("wrong_state", "stale_version") or InvalidMessage naming the field.
    """
    incident = store.load_incident(connection, incident_id)
    store.check_version("incident", incident_id, incident.version, version)
    if len(text) > MAX_TEXT:
        raise InvalidMessage("bad_field", f"at most {MAX_TEXT} characters", field="text")
    if action is IncidentAction.NOTE and not text.strip():
        raise InvalidMessage("missing_field", "the note is empty", field="text")
    if action is IncidentAction.CAUSE and not code:
        raise InvalidMessage("missing_field", "tell the code of the cause", field="code")
    facts: dict[str, object] = {}
    event = EVENTS.get(action)
    if event is not None:
        changes = _changes(action, text, code, lift)
        facts = {name: value for name, value in changes.items() if name != "lift_id"}
        incident = _move(connection, incident, event, now, **changes)
    record(connection, incident_id, _VERBS[action], now, actor, text, **facts)
    if event is IncidentEvent.CONFIRM and incident.cause_reported_at is not None:
        incident = _move(connection, incident, IncidentEvent.REPORT_CAUSE, now)
    if event is not None and incident.state not in RESCUING:
        stand_down(connection, incident, now, actor)
    return settle(connection, incident, now, actor).incident


def _changes(action: IncidentAction, text: str, code: str, lift: Lift | None) -> dict[str, object]:
    if action is IncidentAction.CAUSE:
        return {"cause_code": code[:8], "cause_text": text}
    if action is IncidentAction.LOCATED and lift is not None:
        return {
            "lift_id": lift.id,
            "lift_code": lift.rescue_code,
            "area": lift.area,
            "district": lift.district,
            "place": f"{lift.address} {lift.building}".strip(),
        }
    return {}


def raise_level(
    connection: Connection,
    incident_id: str,
    level: int,
    reason: str,
    now: datetime,
    actor: Actor,
    version: int | None = None,
) -> Incident:
    """Ask level 2 (the next station) or 3 (public rescue) by a person's decision.

    Raises Conflict("wrong_state") when nobody waits any more, Conflict("exhausted") when everybody
    of that level has been asked, InvalidMessage for another level.
    """
    incident = store.load_incident(connection, incident_id)
    store.check_version("incident", incident_id, incident.version, version)
    if level not in {2, 3}:
        raise InvalidMessage("bad_field", "level is 2 or 3", field="level")
    INCIDENT.next_state(incident.state, IncidentEvent.DISPATCH)
    view = view_of(connection, incident, now)
    decision = sla.raise_to(view, incident.policy, now, level, "by_person")
    if decision is None:
        raise Conflict("exhausted", f"everybody at level {level} has been asked")
    record(connection, incident_id, Verb.LEVEL_RAISED, now, actor, reason, level=level)
    return enact(connection, incident, decision, now, actor).incident
