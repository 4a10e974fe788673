from random import Random

import pytest

from simulators import crew, seat
from simulators.agenda import Agenda, Step
from simulators.crew import Character
from simulators.scenario import CrewScenario, SeatScenario


def dice() -> Random:
    return Random(1)  # noqa: S311  (chance, not a secret)


@pytest.mark.parametrize(
    ("state", "character", "verb"),
    [
        ("offered", Character.ANSWERS, "accept"),
        ("unanswered", Character.ANSWERS, "accept"),
        ("offered", Character.REFUSES, "refuse"),
        ("offered", Character.SILENT, None),
        ("acknowledged", Character.SILENT, "en-route"),  # somebody accepted by hand: it goes on
        ("en_route", Character.ANSWERS, "arrive"),
        ("on_scene", Character.ANSWERS, "freed"),
        ("stood_down", Character.ANSWERS, None),
    ],
)
def test_a_crew_takes_one_step_from_each_state(
    state: str, character: Character, verb: str | None
) -> None:
    step = crew.next_step(state, character, CrewScenario(), speed=20, dice=dice())
    assert (step.verb if step else None) == verb


def test_people_live_faster_by_the_speed_factor() -> None:
    plan = CrewScenario(travel_minutes=(10, 10))
    step = crew.next_step("en_route", Character.ANSWERS, plan, speed=20, dice=dice())
    assert step == Step("arrive", 30.0)


def test_shares_of_firms_are_silent_or_refuse_and_the_first_always_answers() -> None:
    firms = [f"F{n:03d}" for n in range(1, 13)]
    dealt = crew.characters(firms, CrewScenario(), dice())
    counts = [list(dealt.values()).count(each) for each in Character]
    assert counts == [9, 2, 1]
    assert dealt["F001"] is Character.ANSWERS


@pytest.mark.parametrize(
    ("state", "level", "verb"),
    [
        ("freed", 1, "confirm"),
        ("confirmed", 1, "cause"),
        ("cause_reported", 1, "close"),
        ("dispatched", 1, None),
        ("dispatched", 3, "freed"),
        ("closed", 1, None),
    ],
)
def test_the_seat_brings_an_incident_to_its_end(state: str, level: int, verb: str | None) -> None:
    step = seat.next_step(state, level, SeatScenario(), speed=20, dice=dice())
    assert (step.verb if step else None) == verb


def test_an_intention_is_dropped_when_somebody_else_has_acted() -> None:
    agenda = Agenda()
    agenda.observe([("1", "offered")], lambda _, state: Step(f"from {state}", 5), 0)
    assert agenda.due(4) == []
    agenda.observe([("1", "offered")], lambda _, state: Step(f"from {state}", 5), 4)
    assert agenda.due(5) == [("1", "from offered")]
    agenda.observe([("1", "en_route")], lambda _, state: Step(f"from {state}", 5), 5)
    assert agenda.due(9) == []
    assert agenda.due(10) == [("1", "from en_route")]
    agenda.observe([], lambda _, state: Step(state, 0), 11)
    assert agenda.next_due_s() is None
