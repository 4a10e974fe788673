"""Days, marks and plans keep their promises in every zone and over every way of looking."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from devices.days import WorkCalendar, day_begins, local_day, marks_passed
from devices.maintenance import cycle
from devices.maintenance.cycle import Done, Start
from devices.maintenance.period import DAYS, Period

ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "Asia/Shanghai",
            "Asia/Urumqi",
            "UTC",
            "Europe/Berlin",
            "America/Santiago",  # clocks change at midnight
            "Africa/Cairo",  # likewise
            "America/Havana",  # goes back over midnight
            "Australia/Lord_Howe",  # by half an hour
            "Pacific/Kiritimati",
        )
    ]
)
DAYS_OF_LIFE = st.dates(date(2015, 1, 1), date(2035, 12, 31))
INSTANTS = st.datetimes(
    datetime(2015, 1, 2),  # noqa: DTZ001  (given its zone by the strategy)
    datetime(2035, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(DAYS_OF_LIFE, ZONES)
def test_a_day_begins_with_its_first_instant(day: date, zone: ZoneInfo) -> None:
    begins = day_begins(day, zone)
    assert local_day(begins, zone) == day
    assert local_day(begins - timedelta(seconds=1), zone) == day - timedelta(days=1)


@given(DAYS_OF_LIFE, ZONES, st.lists(INSTANTS, min_size=2, max_size=8))
def test_however_often_one_looks_each_mark_is_met_once(
    due: date, zone: ZoneInfo, looks: list[datetime]
) -> None:
    looks.sort()
    whole = marks_passed(due, cycle.LADDER, looks[0], looks[-1], zone)
    parts = [
        mark
        for after, until in pairwise(looks)
        for mark in marks_passed(due, cycle.LADDER, after, until, zone)
    ]
    assert tuple(parts) == whole


@given(
    DAYS_OF_LIFE,
    st.integers(0, 40),
    st.lists(st.frozensets(DAYS_OF_LIFE, max_size=5), max_size=3),
    st.frozensets(st.integers(0, 6), max_size=6),
)
def test_a_plan_is_never_after_the_due_day(
    due: date, ahead: int, closed: list[frozenset[date]], rest: frozenset[int]
) -> None:
    calendars = [WorkCalendar(rest, days) for days in closed]
    planned = cycle.plan(due, calendars, due - timedelta(days=ahead))
    assert due - timedelta(days=ahead) <= planned.on <= due
    if "no_working_day_before_due" not in planned.reasons:
        assert all(calendar.works_on(planned.on) for calendar in calendars)


@given(
    DAYS_OF_LIFE,
    st.lists(st.builds(Done, st.sampled_from(Period), DAYS_OF_LIFE), max_size=12),
)
def test_due_days_do_not_depend_on_the_order_of_visits_and_rise_with_depth(
    begun: date, done: list[Done]
) -> None:
    dues = cycle.due_days(Start(begun), done)
    assert cycle.due_days(Start(begun), sorted(done, key=lambda d: (d.on, d.period))) == dues
    last = {p: [d.on for d in done if d.period.covers(p)] for p in Period}
    for period in Period:
        expected = max(last[period], default=begun) + timedelta(days=DAYS[period])
        assert dues[period] == expected
    assert cycle.next_visit(Start(begun), done).on == min(dues.values())


@given(DAYS_OF_LIFE, st.lists(st.integers(1, 15), min_size=1, max_size=60))
def test_who_comes_by_the_plan_is_never_late_at_any_depth(begun: date, steps: list[int]) -> None:
    """Whatever days a visit comes early, following the wanted depth keeps every period."""
    done: list[Done] = []
    today = begun
    for step in steps:
        due = cycle.next_visit(Start(begun), done)
        dues = cycle.due_days(Start(begun), done)
        today = min(today + timedelta(days=step), due.on)
        assert all(today <= each for each in dues.values())
        done.append(Done(due.period, today))
