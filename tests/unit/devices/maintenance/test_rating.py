from dataclasses import replace
from fractions import Fraction

import pytest

from devices.maintenance.rating import Figure, FirmCounts, Item, Score, figures, ranked, score

NOTHING = FirmCounts(
    lifts=0,
    overdue_lifts=0,
    visits=0,
    proven_visits=0,
    visits_due=0,
    visits_on_time=0,
    complaints=0,
    record_fields=0,
    record_fields_filled=0,
    contracts_valid=0,
    arrivals=0,
    arrivals_late=0,
    level1_orders=0,
    level1_not_carried_out=0,
    level2_orders=0,
    level2_carried_out=0,
    entrapments=0,
    entrapments_by_poor_maintenance=0,
    punishments=0,
)
WEIGHTS = {Item.ON_TIME_VISITS: 3, Item.LATE_ARRIVALS: 1}


def test_a_share_of_nothing_is_no_figure_and_no_score() -> None:
    found = figures(NOTHING)
    assert {f.item for f in found} == set(Item)
    assert all(f.share is None and f.goodness is None for f in found)
    assert score(found, WEIGHTS) is None


def test_every_figure_tells_what_it_is_a_share_of() -> None:
    counts = replace(NOTHING, visits_due=40, visits_on_time=30, arrivals=8, arrivals_late=2)
    found = {f.item: f for f in figures(counts)}
    assert found[Item.ON_TIME_VISITS] == Figure(Item.ON_TIME_VISITS, 30, 40)
    assert found[Item.LATE_ARRIVALS].share == Fraction(1, 4)
    assert found[Item.LATE_ARRIVALS].goodness == Fraction(3, 4)
    assert score(figures(counts), WEIGHTS) == Score(Fraction(75), Fraction(1))


def test_a_score_tells_how_much_of_the_weight_it_rests_on() -> None:
    counts = replace(NOTHING, arrivals=8, arrivals_late=0)
    assert score(figures(counts), WEIGHTS) == Score(Fraction(100), Fraction(1, 4))


def test_firms_with_too_little_to_judge_have_no_place_and_equal_ones_share_it() -> None:
    whole = Fraction(1)
    scores = {
        "a": Score(Fraction(80), whole),
        "b": Score(Fraction(90), whole),
        "c": Score(Fraction(80), whole),
        "d": Score(Fraction(70), whole),
        "e": Score(Fraction(100), Fraction(1, 4)),
        "f": None,
    }
    assert ranked(scores) == {"a": 2, "b": 1, "c": 2, "d": 4, "e": None, "f": None}


def test_complaints_beyond_one_a_lift_are_as_bad_as_it_gets() -> None:
    assert Figure(Item.COMPLAINTS, 9, 3).goodness == 0
    with pytest.raises(ValueError, match="complaints"):
        Figure(Item.COMPLAINTS, -1, 3)
