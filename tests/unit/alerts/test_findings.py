"""What is handed off becomes alarms and incidents; alarms end when they are over and were seen."""

from datetime import timedelta

import pytest

from alerts import queries
from alerts.alarm import AlarmState
from alerts.commands import acknowledge_alarm, apply_finding
from alerts.incident import IncidentState
from alerts.ladder import Kind
from alerts.model import Alarm, Source
from core import journal
from core.errors import Conflict, NotFound
from core.journal import Subject
from devices.findings import (
    CameraBack,
    CameraDark,
    ConditionCleared,
    ConditionRaised,
    Finding,
    PublicReport,
    Severity,
)
from tests.support.rescue import SEAT, START, Rescue

LATER = START + timedelta(minutes=4)
DARK = CameraDark(
    event_id="dark-1", camera="K0001-1", state="offline", since=START, reason="timeout"
)
BACK = CameraBack(event_id="dark-1", camera="K0001-1", at=LATER)
SMOKE = ConditionRaised(
    event_id="K0001/hood/f1",
    subject_kind="kitchen",
    subject="K0001/hood",
    code="kitchen.smoke",
    severity=Severity.MINOR,
    since=START,
)


def apply(rescue: Rescue, finding: Finding) -> str:
    now = rescue.clock.now()
    return rescue.database.write(lambda c: apply_finding(c, finding, rescue.policies, now))


def alarms(rescue: Rescue) -> list[Alarm]:
    return rescue.database.read(queries.open_alarms)


def acknowledge(rescue: Rescue, event_id: str) -> Alarm:
    return rescue.database.write(lambda c: acknowledge_alarm(c, event_id, rescue.clock.now(), SEAT))


def told(rescue: Rescue, kind: str, subject: str) -> list[str]:
    chain = rescue.database.read(lambda c: journal.history(c, Subject(kind, subject)))
    return [each.entry.verb for each in chain]


def report(event_id: str = "public-1", lift: str = "235274", **more: object) -> PublicReport:
    given = {"trapped": True, "people": 3, "note": "六楼有人敲门", "reporter_phone": "000-0009"}
    return PublicReport(event_id=event_id, lift=lift, at=START, **(given | more))  # type: ignore[arg-type]


def test_a_public_report_opens_a_rescue_and_a_repeat_is_nothing(rescue: Rescue) -> None:
    assert [apply(rescue, report()) for _ in range(2)] == ["opened", "repeated"]
    (row,) = rescue.database.read(queries.board)
    found = rescue.database.read(lambda c: queries.incident(c, row.incident.id))
    assert (found.incident.kind, found.incident.source) == (Kind.TRAPPED, Source.PUBLIC)
    assert (found.incident.people, found.incident.state) == (3, IncidentState.DISPATCHED)
    (kept,) = found.reports
    assert (kept.note, kept.reporter_phone) == ("六楼有人敲门", "000-0009")
    assert all("000-0009" not in str(e.entry.facts) for e in found.timeline)


def test_a_second_reporter_joins_and_injury_counts(rescue: Rescue) -> None:
    apply(rescue, report())
    assert apply(rescue, report("public-2", people=1, injured=True)) == "merged"
    (row,) = rescue.database.read(queries.board)
    found = rescue.database.read(lambda c: queries.incident(c, row.incident.id))
    assert (found.incident.people, found.incident.injured, found.incident.level) == (3, True, 3)
    assert len(found.reports) == 2


def test_a_report_of_a_mere_fault_asks_the_firm(rescue: Rescue) -> None:
    apply(rescue, report(trapped=False))
    (row,) = rescue.database.read(queries.board)
    assert rescue.incident(row.incident.id).kind is Kind.FAULT


def test_a_report_of_a_lift_that_nobody_knows_still_reaches_the_seat(rescue: Rescue) -> None:
    assert apply(rescue, report(lift="999999")) == "opened"
    assert apply(rescue, report("public-2", lift="999999")) == "merged"
    (row,) = rescue.database.read(queries.board)
    incident = rescue.incident(row.incident.id)
    assert (incident.lift_id, incident.lift_code, incident.place) == (None, "999999", "电梯 999999")


def test_a_dark_camera_is_an_alarm_until_it_is_back_and_was_seen(rescue: Rescue) -> None:
    assert [apply(rescue, DARK) for _ in range(2)] == ["raised", "repeated"]
    (alarm,) = alarms(rescue)
    assert (alarm.subject_kind, alarm.subject, alarm.code) == (
        "camera",
        "K0001-1",
        "camera.offline",
    )
    assert (alarm.state, alarm.since, alarm.detail) == (AlarmState.ACTIVE, START, "timeout")
    assert [apply(rescue, BACK) for _ in range(2)] == ["cleared", "repeated"]
    (alarm,) = alarms(rescue)
    assert (alarm.state, alarm.cleared_at) == (AlarmState.CLEARED, LATER)
    assert acknowledge(rescue, "dark-1").state is AlarmState.CLOSED
    assert alarms(rescue) == []
    assert told(rescue, "camera", "K0001-1") == [
        "alarm_raised",
        "alarm_cleared",
        "alarm_acknowledged",
    ]
    assert rescue.database.read(queries.board) == []


def test_a_kitchen_finding_is_an_alarm_and_no_rescue(rescue: Rescue) -> None:
    assert apply(rescue, SMOKE) == "raised"
    seen = acknowledge(rescue, SMOKE.event_id)
    assert (seen.state, seen.acknowledged_by) == (AlarmState.ACKNOWLEDGED, SEAT.id)
    ended = ConditionCleared(
        event_id=SMOKE.event_id,
        subject_kind="kitchen",
        subject=SMOKE.subject,
        code=SMOKE.code,
        at=LATER,
    )
    assert apply(rescue, ended) == "cleared"
    assert alarms(rescue) == []
    assert rescue.database.read(queries.board) == []


def test_the_end_of_what_never_began_is_said_to_be_unknown(rescue: Rescue) -> None:
    assert apply(rescue, BACK) == "unknown"
    assert alarms(rescue) == []


def test_an_alarm_is_acknowledged_once(rescue: Rescue) -> None:
    apply(rescue, DARK)
    first = acknowledge(rescue, "dark-1")
    with pytest.raises(Conflict) as refused:
        acknowledge(rescue, "dark-1")
    assert refused.value.reason == "wrong_state"
    assert alarms(rescue) == [first]
    with pytest.raises(NotFound):
        acknowledge(rescue, "nothing")


def test_the_end_of_a_condition_is_only_a_proposal_to_its_rescue(rescue: Rescue) -> None:
    stuck = ConditionRaised(
        event_id="235274:e1",
        subject_kind="lift",
        subject="235274",
        code="trapped.between",
        severity=Severity.CRITICAL,
        since=START,
        occupied=True,
    )
    assert apply(rescue, stuck) == "opened"
    (alarm,) = alarms(rescue)
    number = alarm.incident_id
    assert number is not None
    end = ConditionCleared(
        event_id=stuck.event_id, subject_kind="lift", subject="235274", code=stuck.code, at=LATER
    )
    assert apply(rescue, end) == "cleared"
    assert rescue.incident(number).state is IncidentState.DISPATCHED
    assert told(rescue, "incident", number)[-1] == "condition_cleared"
