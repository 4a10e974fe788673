from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from devices.maintenance.inspection import (
    Check,
    MovedDays,
    Passed,
    due_in,
    inspected_before_restart,
    months_after,
    next_due,
    wanted_in,
)
from devices.maintenance.reminders import (
    Duty,
    drill_due,
    reminders,
    self_inspection_done,
)

RELEASED = date(2020, 6, 10)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_inspections_in_their_years_and_tests_between() -> None:
    inspected = [year for year in range(1, 20) if wanted_in(year) is Check.INSPECTION]
    assert inspected == [1, 4, 7, 9, 11, 13, 15, 16, 17, 18, 19]
    with pytest.raises(ValueError, match="before"):
        wanted_in(0)


def test_a_check_is_due_by_the_end_of_its_month_and_two_months_before() -> None:
    first = due_in(RELEASED, 1)
    assert (first.check, first.earliest, first.on) == (
        Check.INSPECTION,
        date(2021, 4, 1),
        date(2021, 6, 30),
    )
    leap = due_in(date(2023, 2, 1), 1)
    assert (leap.earliest, leap.on) == (date(2023, 12, 1), date(2024, 2, 29))


def test_early_or_late_the_cycle_does_not_move() -> None:
    for day in (date(2021, 4, 1), date(2021, 6, 30), date(2021, 12, 24)):
        assert next_due(RELEASED, [Passed(Check.INSPECTION, day)]).on == date(2022, 6, 30)
    too_early = [Passed(Check.INSPECTION, date(2021, 3, 31))]
    assert next_due(RELEASED, too_early).on == date(2021, 6, 30)


def test_an_inspection_stands_in_for_a_test_and_not_the_other_way() -> None:
    second = Passed(Check.INSPECTION, date(2022, 5, 1))
    assert next_due(RELEASED, [second]).year == 3
    fourth = Passed(Check.TEST, date(2024, 5, 1))
    due = next_due(RELEASED, [Passed(Check.TEST, date(2023, 5, 1)), fourth])
    assert (due.year, due.check) == (4, Check.INSPECTION)


def test_a_year_that_was_missed_is_not_asked_for_after_a_later_one() -> None:
    passed = [Passed(Check.INSPECTION, date(2021, 6, 1)), Passed(Check.TEST, date(2023, 6, 1))]
    assert next_due(RELEASED, passed).year == 4


def test_a_province_may_move_due_days_and_the_cycle_stays() -> None:
    flood = MovedDays("3101", date(2021, 6, 1), date(2021, 7, 31), date(2021, 12, 31), "flood")
    moved = next_due(RELEASED, [], "310105", [flood])
    assert (moved.on, moved.earliest, moved.reason) == (
        date(2021, 12, 31),
        date(2021, 4, 1),
        "flood",
    )
    assert next_due(RELEASED, [], "320105", [flood]).on == date(2021, 6, 30)
    done = [Passed(Check.INSPECTION, date(2021, 12, 20))]
    assert next_due(RELEASED, done, "310105", [flood]).on == date(2022, 6, 30)


def test_more_than_a_year_out_of_use_wants_an_inspection() -> None:
    assert not inspected_before_restart(date(2025, 3, 1), date(2026, 3, 1))
    assert inspected_before_restart(date(2025, 3, 1), date(2026, 3, 2))
    assert inspected_before_restart(date(2024, 2, 29), date(2025, 3, 2))
    assert not inspected_before_restart(date(2024, 2, 29), date(2025, 3, 1))


def test_months_run_over_the_year() -> None:
    assert months_after(date(2026, 11, 30), 2) == date(2027, 1, 1)
    assert months_after(date(2026, 1, 31), -2) == date(2025, 11, 1)


def test_reminders_are_met_once_each_under_their_own_key() -> None:
    whole = reminders(
        Duty.INSPECTION,
        date(2026, 6, 30),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
        SHANGHAI,
    )
    assert [each.key for each in whole] == [
        "inspection/2026-06-30/-60",
        "inspection/2026-06-30/-30",
        "inspection/2026-06-30/-7",
    ]


@pytest.mark.parametrize(
    ("duty", "days"),
    [
        (Duty.SELF_INSPECTION, [-30, -7]),
        (Duty.DRILL, [-30]),
        (Duty.CONTRACT, [-90, -60, -30]),
        (Duty.CERTIFICATE, [-60]),
        (Duty.VISIT, [-2, 0, 1, 3, 7]),
    ],
)
def test_each_duty_has_its_notice(duty: Duty, days: list[int]) -> None:
    found = reminders(
        duty,
        date(2026, 6, 30),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
        SHANGHAI,
    )
    assert [each.mark for each in found] == days


def test_a_drill_every_half_year() -> None:
    assert drill_due(date(2026, 3, 15)) == date(2026, 9, 15)
    assert drill_due(date(2026, 8, 31)) == date(2027, 2, 28)


def test_a_self_inspection_lies_between_two_checks() -> None:
    before, due = date(2025, 6, 1), date(2026, 6, 30)
    assert self_inspection_done(date(2026, 5, 1), before, due)
    assert not self_inspection_done(date(2025, 6, 1), before, due)
    assert not self_inspection_done(None, before, due)
