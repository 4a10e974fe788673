from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from devices.days import WorkCalendar, days_overdue, next_mark_at
from devices.maintenance import cycle
from devices.maintenance.cycle import Done, Due, Planned, Start
from devices.maintenance.period import Period

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = Start(date(2026, 1, 1))


def test_a_new_lift_is_due_fifteen_days_after_its_cycle_began() -> None:
    assert cycle.next_visit(START, []) == Due(Period.HALF_MONTH, date(2026, 1, 16))


def test_the_first_visit_may_be_agreed() -> None:
    agreed = Start(date(2026, 1, 1), first_due=date(2026, 1, 5))
    assert cycle.next_visit(agreed, []).on == date(2026, 1, 5)
    done = [Done(Period.HALF_MONTH, date(2026, 1, 4))]
    assert cycle.next_visit(agreed, done).on == date(2026, 1, 19)


def test_a_deeper_visit_resets_the_shallower_ones_and_no_deeper_one() -> None:
    dues = cycle.due_days(START, [Done(Period.HALF_YEAR, date(2026, 6, 1))])
    assert dues == {
        Period.HALF_MONTH: date(2026, 6, 16),
        Period.QUARTER: date(2026, 8, 30),
        Period.HALF_YEAR: date(2026, 11, 28),
        Period.YEAR: date(2027, 1, 1),
    }


def test_a_year_of_visits_on_their_due_days_goes_through_every_depth_in_time() -> None:
    done: list[Done] = []
    for _ in range(25):
        due = cycle.next_visit(START, done)
        dues = cycle.due_days(START, done)
        assert all(dues[p] >= due.on for p in Period), "nothing is ever late"
        done.append(Done(due.period, due.on))
    depths = [visit.period for visit in done]
    assert depths.count(Period.YEAR) == 1
    assert depths[5] is Period.QUARTER
    assert depths[11] is Period.HALF_YEAR
    assert done[23] == Done(Period.YEAR, date(2026, 12, 27))  # the visit after would be too late


def test_holidays_pull_a_visit_forward_and_never_past_the_legal_day() -> None:
    due = date(2026, 10, 7)  # within the holidays
    holidays = frozenset(date(2026, 10, n) for n in range(1, 9))
    firm = WorkCalendar(closed=holidays)
    assert cycle.plan(due, [firm], date(2026, 9, 20)) == Planned(
        date(2026, 9, 30), ("moved_before_rest_days",)
    )
    worker = WorkCalendar(closed=frozenset({date(2026, 9, 30)}))
    assert cycle.plan(due, [firm, worker], date(2026, 9, 20)).on == date(2026, 9, 29)
    assert cycle.plan(due, [firm], date(2026, 10, 2)) == Planned(
        due, ("no_working_day_before_due",)
    )


def test_a_rest_day_that_is_worked_instead_counts_as_a_working_day() -> None:
    sunday = date(2026, 9, 27)
    assert cycle.plan(sunday, [WorkCalendar()], date(2026, 9, 1)).on == date(2026, 9, 25)
    shifted = WorkCalendar(worked=frozenset({sunday}))
    assert cycle.plan(sunday, [shifted], date(2026, 9, 1)) == Planned(sunday)


def test_an_overdue_visit_is_planned_on_the_next_working_day() -> None:
    saturday = date(2026, 9, 26)
    planned = cycle.plan(date(2026, 9, 1), [WorkCalendar()], saturday)
    assert planned == Planned(date(2026, 9, 28), ("overdue",))


def test_the_ladder_turns_at_local_midnight() -> None:
    due = date(2026, 3, 10)
    midnight = datetime(2026, 3, 9, 16, tzinfo=UTC)  # 00:00 on the 10th in Shanghai
    second = timedelta(seconds=1)
    assert cycle.rungs_passed(due, midnight - second, midnight, SHANGHAI) == (0,)
    assert cycle.rungs_passed(due, midnight, midnight + second, SHANGHAI) == ()
    at_2359 = midnight + timedelta(hours=23, minutes=59)
    assert days_overdue(due, at_2359, SHANGHAI) == 0
    assert days_overdue(due, at_2359 + timedelta(minutes=1), SHANGHAI) == 1


def test_after_a_long_pause_every_rung_is_met_once() -> None:
    due = date(2026, 3, 10)
    before, after = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    assert cycle.rungs_passed(due, before, after, SHANGHAI) == (-2, 0, 1, 3, 7)
    assert cycle.rungs_passed(due, after, after + timedelta(days=9), SHANGHAI) == ()
    assert next_mark_at(due, cycle.LADDER, before, SHANGHAI) == datetime(2026, 3, 7, 16, tzinfo=UTC)
    assert next_mark_at(due, cycle.LADDER, after, SHANGHAI) is None


def test_an_overdue_visit_deepens_with_the_days_that_pass() -> None:
    due = Due(Period.HALF_MONTH, date(2026, 1, 16))
    assert cycle.next_visit(START, [], today=date(2026, 1, 2)) == due
    assert cycle.next_visit(START, [], today=date(2026, 3, 17)) == due
    assert cycle.next_visit(START, [], today=date(2026, 3, 18)).period is Period.QUARTER
    assert cycle.next_visit(START, [], today=date(2027, 1, 1)).period is Period.YEAR
