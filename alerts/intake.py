"""How an incident begins: by a call from the car, a dispatcher's form, the public, or inference.

Theory of operation. Every telling has an event key and is written once as a `report`; a repeat
finds its report and changes nothing. A form's key under which something else was told before is
refused, because the second telling would be lost; a device's event ids are its own affair, and a
call is never refused for its key. A telling about a lift where somebody still needs help joins
that incident instead of opening another: every entrapment is merged with an open entrapment, a
fault with whatever is open (a fault only within `merge_within`). A new entrapment is never merged
into a mere fault. The first decision of the ladder is taken in the same transaction.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from alerts import store
from alerts.enact import record, settle
from alerts.incident import INCIDENT, IncidentEvent
from alerts.ladder import Kind
from alerts.model import Incident, Intake, Opened, Source
from alerts.policy import Policy, PolicyBook
from alerts.verbs import Verb
from core import journal
from core.errors import Conflict, InvalidMessage
from core.ids import incident_number
from core.journal import Actor, Entry, Subject, journal_table
from core.metrics import INCIDENTS_OPENED
from devices import call_roll
from devices.calls import CallArrived
from devices.protocol.messages import CallPhase, Receipt
from devices.proving import LastTest

RECENT = 50


def joins(
    opened: Sequence[Incident], intake: Intake, policy: Policy, now: datetime
) -> Incident | None:
    """The open incident that a telling about the same lift belongs to; pure."""
    for incident in opened:
        if incident.kind is Kind.TRAPPED:
            return incident
    if intake.kind is Kind.FAULT:
        for incident in opened:
            if now - incident.opened_at <= policy.merge_within:
                return incident
    return None


def open_incident(
    connection: Connection, intake: Intake, policies: PolicyBook, now: datetime, actor: Actor
) -> Opened:
    """Open an incident, or join an open one of the same lift; a repeat changes nothing.

    Raises InvalidMessage where neither the lift nor the place is told, Conflict("key_reused") for
    a form whose key stands for another telling.
    """
    if known := store.incident_of_key(connection, intake.event_key):
        if intake.source is Source.FORM:
            _same_telling(connection, intake, known)
        return Opened(known, created=False, merged=False)
    lift, code = intake.lift, intake.lift_code
    if lift is None and not intake.place.strip():
        raise InvalidMessage("missing_field", "tell the lift or the place", field="place")
    if lift is not None:
        code = lift.rescue_code
    policy = policies.for_area(lift.area if lift else intake.area)
    opened = store.open_incidents_of(connection, code) if code else []
    if known_incident := joins(opened, intake, policy, now):
        _merge(connection, known_incident, intake, now, actor)
        return Opened(known_incident.id, created=False, merged=True)
    incident = _create(connection, intake, policies, policy, now, actor)
    settle(connection, incident, now, actor)
    INCIDENTS_OPENED.labels(intake.source).inc()
    return Opened(incident.id, created=True, merged=False)


def _same_telling(connection: Connection, intake: Intake, known: str) -> None:
    before = store.fingerprint_of_key(connection, intake.event_key)
    if before not in {"", intake.fingerprint}:
        raise Conflict(
            "key_reused", f"the key stands for incident {known}, which was told with other facts"
        )


def _create(
    connection: Connection,
    intake: Intake,
    policies: PolicyBook,
    policy: Policy,
    now: datetime,
    actor: Actor,
) -> Incident:
    lift = intake.lift
    day = f"{now.astimezone(policies.zone):%Y%m%d}"
    number = incident_number(now, store.next_ordinal(connection, day), zone=policies.zone)
    state = INCIDENT.initial
    if lift is not None:
        state = INCIDENT.next_state(state, IncidentEvent.LOCATE)
    place = intake.place or (f"{lift.address} {lift.building}".strip() if lift else "")
    opened = store.add_incident(
        connection,
        id=number,
        event_key=intake.event_key,
        lift_id=lift.id if lift else None,
        lift_code=lift.rescue_code if lift else intake.lift_code,
        area=lift.area if lift else intake.area,
        district=lift.district if lift else intake.district,
        place=place,
        kind=intake.kind,
        source=intake.source,
        state=state,
        level=0,
        people=intake.people,
        injured=intake.injured,
        vulnerable=intake.vulnerable,
        floor=intake.floor,
        note=intake.note,
        opened_at=now,
        located_at=now if lift else None,
        policy=policy.to_json(),
        taken_steps=[],
        wake_at=now,
        version=1,
    )
    _report(connection, number, intake, now)
    record(
        connection,
        number,
        Verb.OPENED,
        now,
        actor,
        kind=intake.kind,
        source=intake.source,
        lift=lift.rescue_code if lift else intake.lift_code,
        people=intake.people,
        injured=intake.injured,
        event_key=intake.event_key,
    )
    return opened


def _report(connection: Connection, incident_id: str, intake: Intake, now: datetime) -> None:
    store.add_report(
        connection,
        incident_id=incident_id,
        event_key=intake.event_key,
        at=now,
        source=intake.source,
        people=intake.people,
        injured=intake.injured,
        note=intake.note,
        reporter_name=intake.reporter_name,
        reporter_phone=intake.reporter_phone,
        fingerprint=intake.fingerprint,
    )


def _merge(
    connection: Connection, incident: Incident, intake: Intake, now: datetime, actor: Actor
) -> None:
    _report(connection, incident.id, intake, now)
    record(
        connection,
        incident.id,
        Verb.MERGED,
        now,
        actor,
        source=intake.source,
        people=intake.people,
        injured=intake.injured,
        event_key=intake.event_key,
    )
    told = [n for n in (incident.people, intake.people) if n is not None]
    people = max(told, default=None)
    vulnerable = incident.vulnerable or intake.vulnerable
    injured = incident.injured or intake.injured
    kept = store.save_incident(
        connection,
        incident,
        people=people,
        injured=injured,
        vulnerable=vulnerable,
        floor=incident.floor if intake.floor is None else intake.floor,
    )
    settle(connection, kept, now, actor)


def call_key(gateway: str, event_id: str) -> str:
    """The event key of a call: two gateways may choose the same event id."""
    return f"{gateway}/{event_id}"


def take_call(
    connection: Connection, arrived: CallArrived, policies: PolicyBook, now: datetime
) -> Receipt:
    """Take a call from a car and answer it; publish the receipt only after the commit."""
    call, lift = arrived.call, arrived.lift
    actor = Actor("device", arrived.gateway)
    key = call_key(arrived.gateway, call.event_id)
    incident_id: str | None = None
    match call.phase:
        case CallPhase.BEGIN:
            intake = Intake(
                event_key=key,
                kind=Kind.TRAPPED,
                source=Source(call.source.value),
                lift=lift,
                people=call.people,
                floor=call.floor,
                note=call.note,
            )
            incident_id = open_incident(connection, intake, policies, now, actor).incident_id
        case CallPhase.END:
            incident_id = store.incident_of_key(connection, key)
            subject = (
                Subject("incident", incident_id)
                if incident_id
                else Subject("lift", lift.rescue_code)
            )
            ended: dict[str, object] = {"event_id": call.event_id, "proposal": "self_escaped"}
            _once(connection, subject, Verb.CALL_ENDED, ended, now, actor)
        case CallPhase.TEST:
            facts: dict[str, object] = {"event_id": call.event_id}
            if call.test is not None:
                facts |= {
                    "microphone": call.test.microphone,
                    "loudspeaker": call.test.loudspeaker,
                    "battery_pct": call.test.battery_pct,
                }
            subject = Subject("lift", lift.rescue_code)
            if _once(connection, subject, Verb.TEST_CALL, facts, now, actor):
                call_roll.keep(connection, lift.id, _last_test(arrived))
    received = arrived.received_at.astimezone(UTC).isoformat(timespec="milliseconds")
    return Receipt(
        event_id=call.event_id,
        accepted=True,
        incident=incident_id,
        received_at=received.replace("+00:00", "Z"),
    )


def _once(
    connection: Connection,
    subject: Subject,
    verb: Verb,
    facts: dict[str, object],
    now: datetime,
    actor: Actor,
) -> bool:
    """Journal what a device repeats until it has its receipt; False for a repeat."""
    t = journal_table.c
    recent = connection.execute(
        select(t.facts)
        .where(t.subject_kind == subject.kind, t.subject_id == subject.id, t.verb == verb)
        .order_by(t.seq.desc())
        .limit(RECENT)
    ).scalars()
    if any(seen.get("event_id") == facts["event_id"] for seen in recent):
        return False
    journal.append(connection, Entry(subject, verb, actor, now, facts=facts))
    return True


def _last_test(arrived: CallArrived) -> LastTest:
    """What a test call proves; it passes by having come where it tells nothing of itself."""
    told, at = arrived.call.test, arrived.received_at
    if told is None:
        return LastTest(at, at, arrived.gateway)
    passed_at = at if told.microphone and told.loudspeaker else None
    battery_pct = round(told.battery_pct)
    return LastTest(at, passed_at, arrived.gateway, told.microphone, told.loudspeaker, battery_pct)
