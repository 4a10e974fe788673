from dataclasses import replace
from datetime import date, timedelta

import pytest

from devices.maintenance.on_demand import HalfMonth, OnDemand, Standing, Terms, ruling

TERMS = Terms(since=date(2026, 1, 1), until=date(2026, 12, 31), longest_days=60)
GOOD = Standing(today=date(2026, 6, 30), last_visit=date(2026, 6, 1), online_share=0.99)


def test_while_every_condition_holds_the_longest_time_is_the_limit() -> None:
    assert ruling(TERMS, GOOD) == OnDemand(due=date(2026, 7, 31))


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (replace(GOOD, online_share=0.94), "online_share_low"),
        (replace(GOOD, online_share=None), "online_share_unknown"),
        (replace(GOOD, open_critical=("brake_fault",)), "critical_event_open"),
        (replace(GOOD, today=date(2027, 1, 1), last_visit=date(2026, 12, 30)), "contract_ended"),
        (replace(GOOD, today=date(2025, 12, 31)), "contract_not_begun"),
        (replace(GOOD, last_visit=None), "never_visited"),
        (replace(GOOD, today=date(2026, 8, 1)), "longest_time_passed"),
    ],
)
def test_each_condition_that_fails_brings_the_half_month_back(
    standing: Standing, reason: str
) -> None:
    back = ruling(TERMS, standing)
    assert isinstance(back, HalfMonth)
    assert back.reasons == (reason,)
    assert back.fell_back_on == standing.today


def test_every_reason_is_named_at_once() -> None:
    back = ruling(TERMS, replace(GOOD, online_share=0.1, open_critical=("fire",)))
    assert isinstance(back, HalfMonth)
    assert back.reasons == ("online_share_low", "critical_event_open")


def test_falling_back_gives_some_days_and_no_second_helping() -> None:
    fallen = replace(GOOD, online_share=0.1)  # 29 days after the last visit
    back = ruling(TERMS, fallen)
    assert isinstance(back, HalfMonth)
    assert back.due == GOOD.today + timedelta(days=3)
    later = replace(fallen, today=GOOD.today + timedelta(days=2), fell_back_on=GOOD.today)
    again = ruling(TERMS, later)
    assert isinstance(again, HalfMonth)
    assert again.due == back.due


def test_the_days_given_never_pass_the_longest_time_of_the_contract() -> None:
    standing = replace(GOOD, today=date(2026, 7, 30), online_share=0.1)
    back = ruling(TERMS, standing)
    assert isinstance(back, HalfMonth)
    assert back.due == date(2026, 7, 31)


def test_it_comes_back_only_after_a_visit() -> None:
    recovered = replace(GOOD, fell_back_on=date(2026, 6, 20))
    back = ruling(TERMS, recovered)
    assert isinstance(back, HalfMonth)
    assert back.reasons == ("no_visit_since_fall_back",)
    visited = replace(recovered, last_visit=date(2026, 6, 22))
    assert ruling(TERMS, visited) == OnDemand(due=date(2026, 8, 21))


def test_without_a_contract_the_half_month_cycle_holds_and_nothing_is_forgiven() -> None:
    back = ruling(None, GOOD)
    assert back == HalfMonth(date(2026, 6, 16), GOOD.today, ("no_contract",))


def test_a_visit_while_fallen_back_counts_fifteen_days() -> None:
    standing = replace(
        GOOD, online_share=0.1, fell_back_on=date(2026, 6, 20), last_visit=date(2026, 6, 22)
    )
    back = ruling(TERMS, standing)
    assert isinstance(back, HalfMonth)
    assert (back.due, back.fell_back_on) == (date(2026, 7, 7), date(2026, 6, 20))


@pytest.mark.parametrize(
    ("longest_days", "share", "grace_days"), [(14, 0.9, 3), (60, 1.1, 3), (60, 0.9, -1)]
)
def test_terms_that_cannot_be_meant_are_refused(
    longest_days: int, share: float, grace_days: int
) -> None:
    with pytest.raises(ValueError, match="is"):
        Terms(date(2026, 1, 1), None, longest_days, share, grace_days)
