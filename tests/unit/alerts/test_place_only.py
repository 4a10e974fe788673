"""What the ladder does where only a place is known, beside an injury, and when a crew withdraws."""

from dataclasses import replace

from alerts import queries
from alerts.actions import IncidentAction
from alerts.assignment import AssignmentAction, AssignmentState
from alerts.commands import act_on_assignment, act_on_incident, open_incident
from alerts.incident import IncidentState
from alerts.ladder import Kind
from alerts.model import Assignment, Intake, Source
from core.geo import Position
from core.journal import Recorded
from devices import commands
from devices.model import RescueStation
from tests.support.rescue import SEAT, START, Rescue


def open_place(rescue: Rescue, *, area: str = "", district: str = "") -> str:
    intake = Intake(
        event_key="p1",
        kind=Kind.TRAPPED,
        source=Source.FORM,
        place="示例广场 东侧电梯",
        area=area,
        district=district,
    )
    return rescue.database.write(
        lambda c: open_incident(c, intake, rescue.policies, rescue.clock.now(), SEAT)
    ).incident_id


def asked(rescue: Rescue, number: str) -> list[Assignment]:
    return list(rescue.database.read(lambda c: queries.incident(c, number)).assignments)


def told(rescue: Rescue, number: str, verb: str) -> list[Recorded]:
    timeline = rescue.database.read(lambda c: queries.incident(c, number)).timeline
    return [each for each in timeline if each.entry.verb == verb]


def crew(rescue: Rescue, assignment: int, *actions: AssignmentAction) -> None:
    for action in actions:
        rescue.database.write(
            lambda c, a=action: act_on_assignment(  # type: ignore[misc]
                c, assignment, a, rescue.clock.now(), SEAT, proof="phone"
            )
        )


def test_a_place_in_a_district_asks_the_nearest_station_and_says_why(rescue: Rescue) -> None:
    far = RescueStation(0, "S0", "示例远站", "410100", Position(35.2, 113.6), "000-0003")
    rescue.database.write(lambda c: commands.upsert_station(c, far, START, SEAT))
    number = open_place(rescue, area="410100", district="410105")
    (first,) = asked(rescue, number)
    assert (first.level, first.target_name) == (2, "示例救援站 S1")
    (skipped,) = told(rescue, number, "level_skipped")
    assert skipped.entry.facts == {"level": 1, "why": "no_lift"}
    (offered,) = told(rescue, number, "offered")
    assert "middle_of_district" in str(offered.entry.facts["shortfalls"])


def test_a_place_nobody_knows_the_city_of_still_asks_a_station_first(rescue: Rescue) -> None:
    assert [a.level for a in asked(rescue, open_place(rescue))] == [2]


def test_without_any_station_public_rescue_is_asked_and_the_skip_is_told(rescue: Rescue) -> None:
    number = open_place(rescue, area="650100")
    assert [a.level for a in asked(rescue, number)] == [3]
    assert [e.entry.facts for e in told(rescue, number, "level_skipped")] == [
        {"level": 1, "why": "no_lift"},
        {"level": 2, "why": "no_station"},
    ]


def test_the_contract_firm_is_asked_once_the_lift_is_found(rescue: Rescue) -> None:
    number = open_place(rescue)
    crew(rescue, asked(rescue, number)[0].id, AssignmentAction.ACCEPT)
    rescue.database.write(
        lambda c: act_on_incident(
            c, number, IncidentAction.LOCATED, rescue.clock.now(), SEAT, lift=rescue.lift
        )
    )
    rescue.tick(seconds=1)
    assert [(a.level, a.target_name) for a in asked(rescue, number)] == [
        (2, "示例救援站 S1"),
        (1, "示例维保公司"),
    ]
    assert told(rescue, number, "offered")[-1].entry.facts["why"] == "located"


def test_a_firm_that_stays_silent_beside_an_injury_leads_to_a_station(rescue: Rescue) -> None:
    number = rescue.open(injured=True).incident_id
    rescue.tick(minutes=5)
    assert [a.level for a in asked(rescue, number)] == [1, 3, 2]
    rescue.tick(minutes=3)
    rescue.tick(minutes=3)
    found = asked(rescue, number)
    assert [(a.level, a.state.value) for a in found] == [
        (1, "unanswered"),
        (3, "offered"),
        (2, "unanswered"),
        (2, "unanswered"),
    ]
    rescue.tick(minutes=5)
    assert len(asked(rescue, number)) == 4


def test_a_refusal_beside_an_injury_leads_to_a_station_too(rescue: Rescue) -> None:
    number = rescue.open(injured=True).incident_id
    crew(rescue, asked(rescue, number)[0].id, AssignmentAction.REFUSE)
    assert [a.level for a in asked(rescue, number)] == [1, 3, 2]


def test_an_incident_falls_back_to_the_furthest_crew_that_is_left(rescue: Rescue) -> None:
    number = rescue.open(injured=True).incident_id
    firm, public = asked(rescue, number)
    accept, go, arrive = (
        AssignmentAction.ACCEPT,
        AssignmentAction.EN_ROUTE,
        AssignmentAction.ARRIVE,
    )
    crew(rescue, firm.id, accept, go, arrive)
    crew(rescue, public.id, accept, go)
    assert rescue.incident(number).state is IncidentState.ON_SCENE
    there_at = rescue.incident(number).on_scene_at
    crew(rescue, firm.id, AssignmentAction.STAND_DOWN)
    assert rescue.incident(number).state is IncidentState.EN_ROUTE
    assert rescue.incident(number).on_scene_at == there_at  # that somebody came stays true
    crew(rescue, public.id, AssignmentAction.REFUSE)
    assert rescue.incident(number).state is IncidentState.DISPATCHED
    assert {a.state for a in asked(rescue, number)[:2]} == {
        AssignmentState.STOOD_DOWN,
        AssignmentState.REFUSED,
    }


def test_a_lift_without_coordinates_is_seen_from_its_district(rescue: Rescue) -> None:
    other = replace(
        rescue.lift, id=0, rescue_code="235275", registration_code="3" * 20, position=None
    )
    rescue.lift = rescue.database.write(lambda c: commands.upsert_lift(c, other, START, SEAT))
    number = rescue.open().incident_id
    crew(rescue, asked(rescue, number)[0].id, AssignmentAction.REFUSE)
    assert asked(rescue, number)[1].target_name == "示例救援站 S1"
