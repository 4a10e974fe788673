import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from alerts import ladder, queries
from alerts.commands import (
    AssignmentAction,
    IncidentAction,
    act_on_assignment,
    act_on_incident,
    raise_level,
    take_call,
)
from alerts.engine import Engine
from alerts.follower import Follower
from alerts.incident import IncidentState
from alerts.model import Assignment, Incident
from alerts.policy import PolicyBook, from_json, parse
from alerts.queries import IncidentDetail
from core import handoff, journal
from core.errors import Conflict, InvalidMessage
from core.journal import Subject
from devices.calls import CallArrived
from devices.findings import ConditionRaised, Severity, encode
from devices.protocol.messages import Call, CallPhase, CallSource, CallTest, Receipt
from tests.support.rescue import SEAT, START, Rescue


def crew(rescue: Rescue, assignment: int, action: AssignmentAction) -> Assignment:
    now = rescue.clock.now()
    return rescue.database.write(
        lambda c: act_on_assignment(c, assignment, action, now, SEAT, proof="qr")
    )


def seat(rescue: Rescue, incident: str, action: IncidentAction, code: str = "") -> Incident:
    now = rescue.clock.now()
    return rescue.database.write(
        lambda c: act_on_incident(c, incident, action, now, SEAT, code=code, text="示例")
    )


def detail(rescue: Rescue, incident: str) -> IncidentDetail:
    return rescue.database.read(lambda c: queries.incident(c, incident))


def verbs(rescue: Rescue, incident: str) -> list[str]:
    return [entry.entry.verb for entry in detail(rescue, incident).timeline]


def test_a_rescue_from_the_call_to_the_end(rescue: Rescue) -> None:
    opened = rescue.open()
    assert opened.incident_id == "20261123-0001"
    assert detail(rescue, opened.incident_id).next == ladder.Next(
        ladder.Rung.ANSWER, START + timedelta(minutes=3)
    )
    first = detail(rescue, opened.incident_id).assignments[0].id
    for action, state in (
        (AssignmentAction.ACCEPT, "acknowledged"),
        (AssignmentAction.EN_ROUTE, "en_route"),
        (AssignmentAction.ARRIVE, "on_scene"),
        (AssignmentAction.FINISH, "freed"),
    ):
        rescue.tick(minutes=1)
        crew(rescue, first, action)
        assert rescue.incident(opened.incident_id).state == state
    seat(rescue, opened.incident_id, IncidentAction.CONFIRM)
    seat(rescue, opened.incident_id, IncidentAction.CAUSE, code="101")
    end = seat(rescue, opened.incident_id, IncidentAction.CLOSE)
    assert (end.state, end.wake_at, end.target_missed_at) == (IncidentState.CLOSED, None, None)
    assert rescue.database.read(
        lambda c: journal.verify(c, Subject("incident", opened.incident_id)) is None
    )
    with pytest.raises(Conflict):
        seat(rescue, opened.incident_id, IncidentAction.CLOSE)


def test_a_cause_told_before_the_call_back_counts_after_it(rescue: Rescue) -> None:
    number = rescue.open().incident_id
    seat(rescue, number, IncidentAction.FREED)
    assert seat(rescue, number, IncidentAction.CAUSE, code="101").state is IncidentState.FREED
    assert seat(rescue, number, IncidentAction.CONFIRM).state is IncidentState.CAUSE_REPORTED


def test_silence_leads_from_the_firm_to_both_stations_to_public_rescue(rescue: Rescue) -> None:
    number = rescue.open().incident_id
    rescue.tick(minutes=3)
    rescue.tick(minutes=2)
    assert [a.level for a in detail(rescue, number).assignments] == [1, 2]
    rescue.tick(minutes=3)
    rescue.tick(minutes=3)
    asked = detail(rescue, number).assignments
    assert [(a.level, a.state.value) for a in asked] == [
        (1, "unanswered"),
        (2, "unanswered"),
        (2, "unanswered"),
        (3, "offered"),
    ]
    crew(rescue, asked[0].id, AssignmentAction.ACCEPT)  # late, and still welcome
    assert rescue.incident(number).state is IncidentState.ACKNOWLEDGED


def test_injury_asks_public_rescue_at_once_beside_the_firm(rescue: Rescue) -> None:
    asked = detail(rescue, rescue.open(injured=True).incident_id).assignments
    assert [a.level for a in asked] == [1, 3]


def test_without_a_firm_the_nearest_station_is_asked(tmp_path: Path) -> None:
    rescue = Rescue(tmp_path, firm=False)
    asked = detail(rescue, rescue.open().incident_id).assignments
    assert [(a.level, a.target_name) for a in asked] == [(2, "示例救援站 S1")]
    rescue.database.close()


def test_a_refusal_escalates_in_the_same_transaction(rescue: Rescue) -> None:
    number = rescue.open().incident_id
    crew(rescue, detail(rescue, number).assignments[0].id, AssignmentAction.REFUSE)
    assert [a.level for a in detail(rescue, number).assignments] == [1, 2]


@pytest.mark.parametrize(("late_ms", "missed"), [(-1, False), (0, False), (1, True)])
def test_arrival_at_the_boundary_of_the_target(
    rescue: Rescue,
    late_ms: int,
    *,
    missed: bool,
) -> None:
    number = rescue.open().incident_id
    first = detail(rescue, number).assignments[0].id
    crew(rescue, first, AssignmentAction.ACCEPT)
    rescue.clock.advance(timedelta(minutes=15, milliseconds=late_ms))
    crew(rescue, first, AssignmentAction.ARRIVE)
    rescue.tick(hours=1)
    assert (rescue.incident(number).target_missed_at is not None) is missed


def test_accepted_but_not_there_by_the_target_asks_a_station_as_well(rescue: Rescue) -> None:
    number = rescue.open().incident_id
    crew(rescue, detail(rescue, number).assignments[0].id, AssignmentAction.ACCEPT)
    rescue.tick(minutes=15, seconds=1)
    assert [a.level for a in detail(rescue, number).assignments] == [1, 2]
    assert rescue.incident(number).target_missed_at == START + timedelta(minutes=15)


def test_a_restart_loses_no_rung_and_repeats_none(rescue: Rescue) -> None:
    number = rescue.open().incident_id
    rescue.clock.advance(timedelta(minutes=40))
    for _ in range(3):  # each a freshly started engine
        Engine(rescue.database, rescue.policies, rescue.clock).run_once()
    rungs = [
        (e.entry.facts["step"], e.entry.facts["late_s"])
        for e in detail(rescue, number).timeline
        if e.entry.verb == "rung"
    ]
    assert rungs == [
        ("dispatch/1", 0.0),
        ("answer/1", 37 * 60),
        ("level2/1", 35 * 60),
        ("target_arrival/1", 25 * 60),
        ("statutory_arrival/1", 10 * 60),
    ]
    keys = [notice.key for notice in detail(rescue, number).notices]
    assert len(keys) == len(set(keys))


def test_a_repeat_changes_nothing_and_answers_the_same_incident(rescue: Rescue) -> None:
    first = rescue.open("same")
    version, told = rescue.incident(first.incident_id).version, verbs(rescue, first.incident_id)
    again = rescue.open("same")
    assert (again.incident_id, again.created, again.merged) == (first.incident_id, False, False)
    assert rescue.incident(first.incident_id).version == version
    assert verbs(rescue, first.incident_id) == told


def test_a_second_call_from_the_same_lift_is_another_report(rescue: Rescue) -> None:
    first, second = rescue.open("a"), rescue.open("b", injured=True)
    assert (second.incident_id, second.merged) == (first.incident_id, True)
    assert len(detail(rescue, first.incident_id).reports) == 2
    assert [a.level for a in detail(rescue, first.incident_id).assignments] == [1, 3]


def test_an_entrapment_is_never_merged_into_a_mere_fault(rescue: Rescue) -> None:
    fault = rescue.open("a", kind=ladder.Kind.FAULT)
    assert rescue.open("b").incident_id != fault.incident_id


def test_release_stands_the_other_crews_down_with_a_notice(rescue: Rescue) -> None:
    number = rescue.open(injured=True).incident_id
    firm, public = detail(rescue, number).assignments
    for action in (AssignmentAction.ACCEPT, AssignmentAction.ARRIVE, AssignmentAction.FINISH):
        crew(rescue, firm.id, action)
    assert detail(rescue, number).assignments[1].state == "stood_down"
    assert f"{number}/stand_down/{public.id}/log" in {n.key for n in detail(rescue, number).notices}


def test_a_person_may_raise_the_level_and_a_stale_one_may_not(rescue: Rescue) -> None:
    number = rescue.open().incident_id
    version = rescue.incident(number).version
    rescue.database.write(lambda c: raise_level(c, number, 2, "", START, SEAT, version))
    with pytest.raises(Conflict) as refused:
        rescue.database.write(lambda c: raise_level(c, number, 3, "", START, SEAT, version))
    assert refused.value.reason == "stale_version"
    assert [a.level for a in detail(rescue, number).assignments] == [1, 2]


def call(rescue: Rescue, phase: CallPhase, event_id: str = "e1") -> Receipt:
    test = CallTest(True, True, 92) if phase is CallPhase.TEST else None  # noqa: FBT003
    told = Call(ts=1, event_id=event_id, phase=phase, source=CallSource.BUTTON, test=test)
    arrived = CallArrived(told, rescue.lift, "G1", rescue.clock.now())
    return rescue.database.write(
        lambda c: take_call(c, arrived, rescue.policies, rescue.clock.now())
    )


def test_calls_begin_end_and_test(rescue: Rescue) -> None:
    receipt = call(rescue, CallPhase.BEGIN)
    assert (receipt.accepted, receipt.incident) == (True, "20261123-0001")
    for _ in range(2):
        assert call(rescue, CallPhase.END).incident == "20261123-0001"
        assert call(rescue, CallPhase.TEST, "t1").incident is None
    assert verbs(rescue, "20261123-0001").count("call_ended") == 1
    lift = rescue.database.read(lambda c: journal.history(c, Subject("lift", "235274")))
    assert [e.entry.verb for e in lift].count("test_call") == 1


def test_a_handed_off_condition_becomes_its_incident_once(rescue: Rescue, tmp_path: Path) -> None:
    found = ConditionRaised(
        event_id="235274:e1",
        subject_kind="lift",
        subject="235274",
        code="trapped.between",
        severity=Severity.CRITICAL,
        since=START,
    )
    folder = tmp_path / "telemetry"
    folder.mkdir()
    for day in ("2026-11-22.db", "2026-11-23.db"):  # the same fact on both sides of midnight
        with closing(sqlite3.connect(folder / day)) as file, file:
            handoff.create(file)
            handoff.append(file, event_id=found.event_id, at=START, payload=encode(found))
            handoff.append(file, event_id="poison", at=START, payload=b"{")
        file.close()
    follower = Follower(rescue.database, {"telemetry/0": folder}, rescue.policies, rescue.clock)
    assert follower.run_once() == 4
    assert follower.run_once() == 0
    assert len(rescue.database.read(queries.board)) == 1
    assert len(rescue.database.read(queries.open_alarms)) == 1


def test_a_policy_names_the_wrong_field() -> None:
    for tree, field in (
        ({"default": {"answers_s": 3}}, "default.answers_s"),
        ({"area": {"410100": {"answer_s": "3"}}}, "area.410100.answer_s"),
        ({"areas": {}}, "areas"),
    ):
        with pytest.raises(InvalidMessage) as refused:
            parse(tree)
        assert refused.value.field == field
    book = PolicyBook()
    assert from_json(book.default.to_json()) == book.default
    assert book.scaled(10).default.answer == timedelta(seconds=18)
