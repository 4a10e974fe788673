"""What a proof calls lost, and whom it blames."""

from array import array
from collections import Counter
from dataclasses import dataclass, field

from core.failpoint import NAMES
from devices.protocol.messages import Receipt
from hub.proof import books, kills
from hub.proof.kills import Outage
from hub.proof.stored import Rescue, Tally
from simulators.crowd import Answered, Said, gateway


@dataclass
class Spoken:
    """Two gateways in two cities, a message a second from 100 on; the broker takes it at once."""

    said: list[Said] = field(default_factory=list)
    called: dict[str, int] = field(default_factory=dict)
    answered: dict[str, Answered] = field(default_factory=dict)

    def __post_init__(self) -> None:
        instants = [100.0 + n for n in range(10)]
        self.said = [Said(array("d", instants), array("d", instants)) for _ in range(2)]

    def area(self, number: int) -> str:
        return ("410100", "410200")[number]


def kept(*without: tuple[int, int]) -> Tally:
    """Everything, half a second after it was said, but for these."""
    tally = Tally(2)
    for number in range(2):
        for seq in range(1, 11):
            if (number, seq) not in without:
                tally.add(gateway(number), seq, int((99.5 + seq) * 1e6))
    return tally


def test_everything_once_is_the_promise() -> None:
    found = books.telemetry(Spoken(), kept(), [])
    assert found.problems == ()
    assert (found.published, found.stored) == (20, 20)


def test_a_number_that_nothing_explains_is_the_hubs_loss() -> None:
    [problem] = books.telemetry(Spoken(), kept((0, 5)), []).problems
    assert problem == "1 missing: P0000/5"


def test_what_a_killed_broker_had_not_saved_is_lost_before_the_hub() -> None:
    outage = Outage(saved_at=90, killed_at=104.6, there_again_at=106)
    found = books.telemetry(Spoken(), kept((0, 6), (0, 7)), [outage])
    assert found.problems == ()
    assert found.lost == {(0, 6), (0, 7)}
    assert [city.lost_before_hub for city in found.cities] == [2, 0]


def test_what_was_said_before_a_word_that_reached_the_hub_is_no_brokers_loss() -> None:
    outage = Outage(saved_at=90, killed_at=104.6, there_again_at=106)
    [problem] = books.telemetry(Spoken(), kept((0, 3)), [outage]).problems
    assert "P0000/3" in problem


def test_what_was_said_long_after_the_broker_was_there_again_is_no_brokers_loss() -> None:
    outage = Outage(saved_at=90, killed_at=102.6, there_again_at=103)
    [problem] = books.telemetry(Spoken(), kept((1, 9)), [outage]).problems
    assert "P0001/9" in problem


def test_a_row_too_many_and_a_row_of_nobody_are_told() -> None:
    tally = kept()
    tally.add("P0001", 4, 0)
    tally.add("P0000", 11, 0)
    tally.add("P0099", 1, 0)
    problems = books.telemetry(Spoken(), tally, []).problems
    assert {each.split(":")[0] for each in problems} == {
        "1 stored 2 times",
        "1 stored and never said",
        "1 rows of P0099, which nobody is",
    }


def test_influx_must_have_what_the_hub_committed() -> None:
    assert books.same(kept(), kept()) == ()
    [problem] = books.same(kept(), kept((1, 2)))
    assert problem == "1 0 times in InfluxDB, 1 times committed: P0001/2"


def test_a_call_is_one_incident_and_its_receipt_names_it() -> None:
    spoken = Spoken(called={"c1": 0, "c2": 1})
    for event_id, incident in (("c1", "i1"), ("c2", "i2")):
        receipt = Receipt(event_id=event_id, accepted=True, incident=incident)
        spoken.answered[event_id] = Answered(receipt, 0.1)
    found = Rescue({"c1": {"i1"}, "c2": {"i2"}}, Counter(c1=1, c2=1), Counter())
    assert books.calls(spoken, found) == []
    merged = Rescue({"c1": {"i1"}, "c2": {"i1"}}, Counter(c1=1, c2=1), Counter())
    assert len(books.calls(spoken, merged)) == 2
    [missing] = books.calls(spoken, Rescue({"c1": {"i1"}}, Counter(c1=1), Counter()))
    assert "c2 is 0 incidents" in missing


def test_a_condition_is_one_alarm_unless_its_word_was_lost_before_the_hub() -> None:
    raised = {"e1": (0, 5), "e2": (1, 5)}
    found = Rescue({}, Counter(), Counter({"200000:e1": 1}))
    assert len(books.conditions(raised, frozenset(), found)) == 1
    assert books.conditions(raised, frozenset({(1, 5)}), found) == []


def test_the_same_seed_is_the_same_story_and_every_target_has_its_turn() -> None:
    targets = kills.targets(influx=True, influx_is_ours=True)
    plan = kills.plan(7, 40, 100_000, targets)
    assert plan == kills.plan(7, 40, 100_000, targets)
    assert plan != kills.plan(8, 40, 100_000, targets)
    assert {each.target for each in plan} == set(targets) > set(NAMES)
    assert [each.at_message for each in plan] == sorted(each.at_message for each in plan)
    assert len(kills.plan(7, 3, 100_000, targets)) == 3


def test_books_that_stay_open_break_the_promise() -> None:
    assert books.balanced({"410100": 0.0, "410200": 0.0}) == []
    [problem] = books.balanced({"410100": 0.0, "410200": -3.0})
    assert problem == "the hub's books of city 410200 are open by -3"


def test_the_hubs_own_count_of_what_was_lost_is_held_against_ours() -> None:
    def agreed(lost: int, counted: int, *, restarted: bool = False, in_order: bool = True) -> bool:
        return not books.agreed(lost, counted, restarted=restarted, in_order=in_order)

    assert agreed(7, 7)
    assert not agreed(7, 8)
    assert not agreed(7, 8, restarted=True)
    assert agreed(7, 8, in_order=False)
    assert not agreed(7, 6)
    assert agreed(7, 6, restarted=True)  # the first gap behind a restart proves nothing


def test_a_worker_dies_by_its_own_moments() -> None:
    assert kills.takes_telemetry("telemetry")
    assert kills.takes_telemetry("telemetry.before_commit")
    assert not kills.takes_telemetry(kills.BROKER)
    assert not kills.takes_telemetry("handoff.after_commit")
