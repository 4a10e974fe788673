from collections.abc import Mapping
from random import Random

import pytest

from simulators import crew, seat
from simulators.agenda import Agenda, Step
from simulators.crew import Character
from simulators.hub_api import Case, Entry, HubApi, Order, Story
from simulators.people import CrewWork, SeatWork
from simulators.scenario import CrewScenario, Scenario, SeatScenario


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
    assert counts == [10, 1, 1]
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


class Told(HubApi):
    """A hub with one incident whose timeline is given; keeps what it is asked to do."""

    def __init__(self, *timeline: Entry) -> None:
        self.timeline = timeline
        self.done: list[str] = []

    async def orders(self) -> list[Order]:
        return [Order(id=7, state="offered", incident="N1")]

    async def cases(self) -> list[Case]:
        return [Case(id="N1", state="freed", level=1)]

    async def story(self, case: str) -> Story:
        assert case == "N1"
        return Story(timeline=self.timeline)

    async def answer(self, order: str, verb: str, body: Mapping[str, str]) -> None:
        del order, body
        self.done.append(verb)

    async def direct(self, case: str, verb: str, body: Mapping[str, str]) -> None:
        del case, body
        self.done.append(verb)


def by(actor: str, *verbs: str, kind: str = "account") -> tuple[Entry, ...]:
    return tuple(Entry(verb=verb, actor_kind=kind, actor=actor) for verb in verbs)


ROBOTS = (*by("robot-firm-F001", "accepted", "arrived"), *by("G1", "opened", kind="device"))


@pytest.mark.parametrize(
    ("timeline", "crew_acts", "seat_acts"),
    [
        (ROBOTS, True, True),
        (by("dispatcher", "opened", "rung", "offered", "note"), True, True),
        (by("firm1", "accepted"), False, False),
        (by("dispatcher", "level_raised"), True, False),
        (by("dispatcher", "freed", "stood_down"), False, False),
        ((*ROBOTS, *by("dispatcher", "confirmed")), True, False),
    ],
)
async def test_robots_leave_alone_what_a_person_has_taken_over(
    timeline: tuple[Entry, ...], *, crew_acts: bool, seat_acts: bool
) -> None:
    hub, freed = Told(*timeline), list[str]()
    crew_work = CrewWork(
        "firm:F001",
        hub,
        scenario=Scenario(),
        character=Character.ANSWERS,
        dice=dice(),
        freed=freed.append,
    )
    await crew_work.look()
    await crew_work.act("7", "accept")
    assert hub.done == (["accept"] if crew_acts else [])
    hub.done.clear()
    seat_work = SeatWork(
        hub, scenario=Scenario(), dice=dice(), stuck=dict[str, str], released=freed.append
    )
    await seat_work.look()
    await seat_work.act("N1", "confirm")
    assert hub.done == (["confirm"] if seat_acts else [])
