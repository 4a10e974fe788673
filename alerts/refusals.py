"""Calls for help that could not be taken: lines on the dispatcher's board until dealt with.

Theory of operation. Somebody may be pressing a button behind a call that the hub cannot read or
does not know the gateway of, so a person has to look at it. A line is the newest journal entry of
`Subject("call", gateway/event id)`, or of the topic where no event id could be read. It goes when a
seat has dealt with it, or when the same call was taken after all. A device repeats what it has no
receipt of, so a repeat adds nothing: with an event id never, without one not within a minute, since
without one nobody can tell a repeat from another person's call.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from alerts import store
from alerts.intake import call_key
from alerts.verbs import Verb
from core import journal
from core.errors import NotFound
from core.journal import Actor, Entry, Subject, journal_table
from devices.calls import RefusedCall

REPEATS_WITHIN = timedelta(minutes=1)
SHOWN = 20
_KIND = "call"
_LONGEST = 64
_LEVELS = 5  # of a topic: realm, version, area, device, kind


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A call that nobody took. `area` and `gateway` are empty where the topic is none of ours.

    `reason` is the stable word, `field` names what was wrong, `detail` says it for an engineer.
    """

    id: int
    at: datetime
    topic: str
    area: str
    gateway: str
    reason: str
    field: str
    detail: str
    lift_code: str


def tell(connection: Connection, call: RefusedCall) -> bool:
    """Put a refused call on the board; False when it is a repeat of what stands there."""
    area, gateway = _sender(call.topic)
    key = call_key(gateway, call.event_id) if call.event_id else call.topic
    subject = Subject(_KIND, key[-_LONGEST:])
    facts: dict[str, object] = {
        "topic": call.topic[:200],
        "area": area,
        "gateway": gateway,
        "event_id": call.event_id or "",
        "reason": call.reason,
        "field": call.field,
        "lift": call.lift_code or "",
    }
    if _repeats(connection, subject, call, facts):
        return False
    actor = Actor("device", gateway or "unknown")
    detail = call.detail[:500]
    at = call.received_at
    journal.append(
        connection, Entry(subject, Verb.CALL_REFUSED, actor, at, facts=facts, reason=detail)
    )
    return True


def _repeats(
    connection: Connection, subject: Subject, call: RefusedCall, facts: dict[str, object]
) -> bool:
    t = journal_table.c
    newest = connection.execute(
        select(t.at, t.facts)
        .where(
            t.subject_kind == subject.kind,
            t.subject_id == subject.id,
            t.verb == Verb.CALL_REFUSED,
        )
        .order_by(t.seq.desc())
        .limit(1)
    ).one_or_none()
    if newest is None or newest.facts != facts:
        return False
    return bool(call.event_id) or call.received_at - newest.at < REPEATS_WITHIN


def lines(connection: Connection, since: datetime, within: str = "") -> list[RefusedLine]:
    """Calls refused since then that nobody has dealt with, newest first, at most SHOWN.

    `within` narrows to a city; what names no city is for those who see them all.
    """
    t = journal_table.c
    rows = connection.execute(
        select(t.id, t.at, t.subject_id, t.verb, t.facts, t.reason)
        .where(t.subject_kind == _KIND, t.at >= since)
        .order_by(t.id.desc())
    )
    found: list[RefusedLine] = []
    passed: set[str] = set()
    for row in rows:
        if row.subject_id in passed:
            continue
        passed.add(row.subject_id)
        if row.verb != Verb.CALL_REFUSED or (within and row.facts.get("area") != within):
            continue
        event_id, gateway = row.facts.get("event_id"), row.facts.get("gateway", "")
        if event_id and store.incident_of_key(connection, call_key(gateway, event_id)):
            continue
        found.append(_line(row.id, row.at, row.facts, row.reason))
        if len(found) == SHOWN:
            break
    return found


def settle(
    connection: Connection,
    line_id: int,
    now: datetime,
    actor: Actor,
    within: str = "",
) -> None:
    """A seat has dealt with a line; a second time changes nothing. Raises NotFound."""
    t = journal_table.c
    row = connection.execute(
        select(t.subject_id, t.facts).where(t.id == line_id, t.verb == Verb.CALL_REFUSED)
    ).one_or_none()
    if row is None or (within and row.facts.get("area") != within):
        raise NotFound("refused call", str(line_id))
    subject = Subject(_KIND, row.subject_id)
    if journal.history(connection, subject)[-1].id == line_id:
        journal.append(connection, Entry(subject, Verb.REFUSAL_SETTLED, actor, now))


def _line(line_id: int, at: datetime, facts: dict[str, str], detail: str) -> RefusedLine:
    return RefusedLine(
        id=line_id,
        at=at,
        topic=facts["topic"],
        area=facts.get("area", ""),
        gateway=facts.get("gateway", ""),
        reason=facts["reason"],
        field=facts["field"],
        detail=detail,
        lift_code=facts["lift"],
    )


def _sender(topic: str) -> tuple[str, str]:
    """Area and gateway, as far as a topic tells them."""
    levels = topic.split("/")
    return (levels[2][:6], levels[3][:32]) if len(levels) == _LEVELS else ("", "")
