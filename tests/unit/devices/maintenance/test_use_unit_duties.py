from datetime import date, timedelta
from typing import Any

import pytest

from devices.maintenance import shipped
from devices.maintenance.use_unit_duties import (
    CheckLists,
    Refused,
    Span,
    UnitDuty,
    missed,
    open_now,
    parse,
    span,
)

MONDAY = date(2026, 6, 1)  # also the first of the month


def test_the_shipped_lists_have_points_for_every_duty() -> None:
    lists = shipped.check_lists()
    assert {duty: len(lists.points[duty]) for duty in UnitDuty} == {
        UnitDuty.DAILY: 5,
        UnitDuty.WEEKLY: 5,
        UnitDuty.MONTHLY: 4,
    }


def test_everything_wrong_in_lists_is_told_at_once() -> None:
    row = {"code": "X", "zh": "甲", "en": "one"}
    tree: dict[str, Any] = {"version": "2", "yearly": [], "daily": [row], "weekly": [row, 3]}
    found = parse(tree)
    assert isinstance(found, Refused)
    assert {(f.field, f.reason) for f in found.objections} == {
        ("yearly", "unknown_key"),
        ("weekly[2]", "bad_form"),
        ("monthly", "missing"),
    }
    doubled = parse({**{str(duty): [row] for duty in UnitDuty}, "version": "2"})
    assert isinstance(doubled, Refused)
    assert [(f.field, f.reason) for f in doubled.objections] == [("X", "twice")]
    own = {str(duty): [{**row, "code": duty[0]}] for duty in UnitDuty}
    assert isinstance(parse({**own, "version": "2"}), CheckLists)


def test_spans_are_local_days_weeks_from_monday_and_months() -> None:
    friday = date(2026, 7, 31)
    assert span(UnitDuty.DAILY, friday) == Span(UnitDuty.DAILY, friday, friday)
    week = span(UnitDuty.WEEKLY, friday)
    assert (week.first, week.last) == (date(2026, 7, 27), date(2026, 8, 2))
    month = span(UnitDuty.MONTHLY, date(2026, 2, 14))
    assert (month.first, month.last) == (date(2026, 2, 1), date(2026, 2, 28))


@pytest.mark.parametrize(
    ("duty", "length"), [(UnitDuty.DAILY, 1), (UnitDuty.WEEKLY, 7), (UnitDuty.MONTHLY, 30)]
)
def test_the_running_span_is_open_and_missed_only_when_it_has_gone(
    duty: UnitDuty, length: int
) -> None:
    last = MONDAY + timedelta(days=length - 1)
    assert missed(duty, MONDAY, last, []) == ()
    assert open_now(duty, last, []) == Span(duty, MONDAY, last)
    after = last + timedelta(days=1)
    assert missed(duty, MONDAY, after, []) == (Span(duty, MONDAY, last),)
    assert missed(duty, MONDAY, after, [last]) == ()
    assert open_now(duty, last, [MONDAY]) is None


def test_a_record_makes_up_for_no_other_span() -> None:
    days = [MONDAY, MONDAY, MONDAY + timedelta(days=2)]
    gone = missed(UnitDuty.DAILY, MONDAY, MONDAY + timedelta(days=4), days)
    assert [each.first.day for each in gone] == [2, 4]


def test_days_on_which_the_lift_stood_still_want_no_control() -> None:
    still = [MONDAY + timedelta(days=n) for n in range(1, 3)]
    gone = missed(UnitDuty.DAILY, MONDAY, MONDAY + timedelta(days=4), [], still)
    assert [each.first.day for each in gone] == [1, 4]
    week = missed(UnitDuty.WEEKLY, MONDAY, MONDAY + timedelta(days=7), [], still)
    assert len(week) == 1
