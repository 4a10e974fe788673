"""Writes what the ladder decided: one place where a decision becomes rows.

Theory of operation. `settle` is called by every command and by the engine, in their transaction:
it builds the view of an incident, lets `sla.decide` decide, and writes rungs, assignments, notices,
journal and the next `wake_at` together. An offer and its notices are therefore never apart.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from alerts import assignment as assignments
from alerts import ladder, sla, store, wording
from alerts.assignment import OPEN, AssignmentAction, AssignmentState
from alerts.incident import INCIDENT, IncidentEvent
from alerts.ladder import Audience, Decision, Offer, Target
from alerts.model import LOG, Assignment, Incident
from alerts.verbs import Verb
from alerts.views import lift_of, target_of, view_of
from core import journal
from core.journal import Actor, Entry, Subject
from devices.model import Lift

SEAT, SUPERVISOR = "seat", "supervisor"
LEVEL1 = 1


@dataclass(frozen=True, slots=True)
class Settled:
    """An incident after a decision, and the rungs that were taken."""

    incident: Incident
    decision: Decision


def record(
    connection: Connection,
    incident_id: str,
    verb: Verb,
    now: datetime,
    actor: Actor,
    reason: str = "",
    **facts: object,
) -> None:
    """Journal something about an incident."""
    journal.append(connection, entry(incident_id, verb, now, actor, reason, **facts))


def entry(
    incident_id: str,
    verb: Verb,
    now: datetime,
    actor: Actor,
    reason: str = "",
    **facts: object,
) -> Entry:
    """Something about an incident, for the journal."""
    subject = Subject("incident", incident_id)
    return Entry(subject, verb, actor, now, facts=facts, reason=reason[:500])


def settle(connection: Connection, incident: Incident, now: datetime, actor: Actor) -> Settled:
    """Decide about `incident` at `now` and keep the decision."""
    decision = sla.decide(view_of(connection, incident, now), incident.policy, now)
    return enact(connection, incident, decision, now, actor)


def enact(
    connection: Connection, incident: Incident, decision: Decision, now: datetime, actor: Actor
) -> Settled:
    """Keep a decision: journal, lapses, offers, notices, flags and the next `wake_at`."""
    told = _told(incident, decision, now, actor)
    told += [_lapse(connection, lapsed, now, actor) for lapsed in decision.lapsed]
    state, dispatched_at = incident.state, incident.dispatched_at
    lift = lift_of(connection, incident) if decision.offers or decision.notices else None
    for offer in decision.offers:
        state = INCIDENT.next_state(state, IncidentEvent.DISPATCH)
        dispatched_at = dispatched_at or now
        told.append(_offer(connection, incident, lift, offer, now, actor))
    for order in decision.notices:
        _tell(connection, incident, lift, order, now)
    journal.append_all(connection, told)
    due = {step.rung: step.due_at for step in decision.steps}
    changes: dict[str, object] = {
        "state": state,
        "level": decision.level,
        "dispatched_at": dispatched_at,
        "taken_steps": sorted(incident.taken_steps | {step.key for step in decision.steps}),
        "wake_at": decision.wake_at,
    }
    if decision.target_missed:
        changes["target_missed_at"] = due[ladder.Rung.TARGET_ARRIVAL]
    if decision.statutory_missed:
        changes["statutory_missed_at"] = due[ladder.Rung.STATUTORY_ARRIVAL]
    return Settled(store.save_incident(connection, incident, **changes), decision)


def _told(incident: Incident, decision: Decision, now: datetime, actor: Actor) -> list[Entry]:
    """The rungs that are taken, and the levels that are passed over."""
    rungs = [
        entry(
            incident.id,
            Verb.RUNG,
            now,
            actor,
            rung=step.rung,
            step=step.key,
            due_at=step.due_at.isoformat(),
            late_s=round((now - step.due_at).total_seconds(), 3),
            why=step.why,
        )
        for step in decision.steps
    ]
    return rungs + [
        entry(incident.id, Verb.LEVEL_SKIPPED, now, actor, level=each.level, why=each.why)
        for each in decision.skipped
    ]


def _lapse(connection: Connection, assignment: int, now: datetime, actor: Actor) -> Entry:
    asked = store.load_assignment(connection, assignment)
    state = assignments.next_state(asked.state, AssignmentAction.LAPSE)
    store.save_assignment(connection, asked, state=state)
    return entry(
        asked.incident_id,
        Verb.UNANSWERED,
        now,
        actor,
        assignment=asked.id,
        level=asked.level,
        target=asked.target_name,
    )


def _offer(
    connection: Connection,
    incident: Incident,
    lift: Lift | None,
    offer: Offer,
    now: datetime,
    actor: Actor,
) -> Entry:
    target = offer.target
    written = store.add_assignment(
        connection,
        incident_id=incident.id,
        level=offer.level,
        target_kind=target.kind,
        target_id=target.id,
        target_name=target.name,
        target_phone=target.phone,
        offered_at=now,
    )
    zone = ZoneInfo(incident.policy.zone)
    text = wording.offer(incident, offer.level, offer.answer_by, zone)
    _post(
        connection,
        incident,
        lift,
        f"{incident.id}/offer/{written}",
        "offer",
        text,
        now,
        target=target,
        assignment=written,
        level=offer.level,
        answer_by=offer.answer_by,
    )
    return entry(
        incident.id,
        Verb.OFFERED,
        now,
        actor,
        assignment=written,
        level=offer.level,
        target_kind=target.kind,
        target=target.name,
        why=offer.why,
        reasons=list(target.reasons),
        shortfalls=list(target.shortfalls),
    )


def _tell(
    connection: Connection,
    incident: Incident,
    lift: Lift | None,
    order: ladder.NoticeOrder,
    now: datetime,
) -> None:
    text = wording.rung(incident, order.rung, order.audience)
    key = f"{incident.id}/{order.step}/{order.audience}"
    _post(
        connection,
        incident,
        lift,
        key,
        order.rung,
        text,
        now,
        target=order.target if order.audience is Audience.TARGET else None,
        audience=order.audience,
    )


def _post(
    connection: Connection,
    incident: Incident,
    lift: Lift | None,
    key: str,
    kind: str,
    text: str,
    now: datetime,
    *,
    target: Target | None = None,
    audience: str = SEAT,
    assignment: int | None = None,
    level: int | None = None,
    answer_by: datetime | None = None,
) -> None:
    """Write a notice for the log, and one for the target's webhook where it has one."""
    links = {"incident": f"/api/v1/incidents/{incident.id}"}
    if assignment is not None:
        links["assignment"] = f"/api/v1/assignments/{assignment}"
    body: dict[str, object] = {
        "incident": incident.id,
        "assignment": assignment,
        "level": incident.level if level is None else level,
        "kind": kind,
        "text": text,
        "lift": {
            "rescue_code": incident.lift_code,
            "address": lift.address if lift else incident.place,
            "building": lift.building if lift else "",
            "latitude": lift.position.latitude if lift and lift.position else None,
            "longitude": lift.position.longitude if lift and lift.position else None,
        },
        "people": incident.people,
        "injured": incident.injured,
        "opened_at": incident.opened_at.isoformat(),
        "answer_by": answer_by.isoformat() if answer_by else None,
        "links": links,
    }
    ways = [(LOG, target.phone if target else "")]
    if target is not None and target.webhook_url:
        ways.append(("webhook", target.webhook_url))
    for sender, destination in ways:
        whole = f"{key}/{sender}"
        store.add_notice(
            connection,
            key=whole,
            incident_id=incident.id,
            sender=sender,
            recipient=target.name if target else audience,
            destination=destination,
            body={"notice": whole} | body,
            created_at=now,
            next_at=now,
        )


def stand_down(
    connection: Connection, incident: Incident, now: datetime, actor: Actor, *, except_id: int = 0
) -> None:
    """Release every target that may still act; a crew on the scene has done its work."""
    for asked in store.assignments(connection, incident.id):
        if asked.id == except_id or asked.state not in OPEN:
            continue
        there = asked.state is AssignmentState.ON_SCENE
        action = AssignmentAction.FINISH if there else AssignmentAction.STAND_DOWN
        state = assignments.next_state(asked.state, action)
        store.save_assignment(connection, asked, state=state, ended_at=now)
        record(
            connection,
            incident.id,
            Verb.FINISHED if there else Verb.STOOD_DOWN,
            now,
            actor,
            assignment=asked.id,
            target=asked.target_name,
        )
        if not there:
            tell_stand_down(connection, incident, asked, now)


def tell_stand_down(
    connection: Connection, incident: Incident, asked: Assignment, now: datetime
) -> None:
    """Write the notices that release one target."""
    _post(
        connection,
        incident,
        lift_of(connection, incident),
        f"{incident.id}/stand_down/{asked.id}",
        "stand_down",
        wording.stand_down(incident),
        now,
        target=target_of(connection, asked),
        assignment=asked.id,
        level=asked.level,
    )
