"""Rosters and contracts: what is answered at an instant agrees with what is answered of a time."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from devices.contracts import Contract, hand_over, holder_on, overlaps, unmaintained
from devices.days import days_from
from devices.roster import Gap, Leave, OnHolidays, Roster, Rota, Shift, Swap, gaps, on_duty

FIRST, LAST = date(2026, 3, 1), date(2026, 4, 15)  # with changes of clocks both ways
DAYS = st.dates(FIRST, LAST)
PEOPLE = st.sampled_from("abcd")
TIMES = st.times().map(lambda t: t.replace(minute=t.minute // 15 * 15, second=0, microsecond=0))
ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "Asia/Shanghai",
            "Europe/Berlin",
            "America/Havana",
            "America/Santiago",
            "Australia/Lord_Howe",
        )
    ]
)
INSTANTS = st.datetimes(
    datetime(2026, 3, 1),  # noqa: DTZ001  (given its zone by the strategy)
    datetime(2026, 4, 15),  # noqa: DTZ001
    timezones=st.just(UTC),
)
SHIFTS = st.builds(Shift, st.sampled_from(["x", "y"]), TIMES, TIMES)
ROTAS = st.builds(
    Rota,
    SHIFTS,
    st.lists(PEOPLE, min_size=1, max_size=3).map(tuple),
    DAYS,
    st.none() | DAYS,
    st.integers(1, 4),
    st.frozensets(st.integers(0, 6)),
    st.sampled_from(OnHolidays),
)
ROSTERS = st.builds(
    Roster,
    st.lists(ROTAS, max_size=5).map(tuple),
    st.lists(st.builds(Swap, DAYS, st.sampled_from(["x", "y"]), PEOPLE, PEOPLE), max_size=4).map(
        tuple
    ),
    st.lists(st.builds(Leave, PEOPLE, DAYS, DAYS, st.none() | PEOPLE), max_size=4).map(tuple),
    st.frozensets(DAYS, max_size=4),
    st.integers(1, 3),
)


@given(ROSTERS, ZONES, INSTANTS, st.integers(1, 96), st.integers(0, 10**6))
def test_a_gap_is_where_too_few_are_on_duty_and_nowhere_else(
    roster: Roster, zone: ZoneInfo, begins_at: datetime, hours: int, part: int
) -> None:
    ends_at = begins_at + timedelta(hours=hours)
    at = begins_at + (ends_at - begins_at) * part / (10**6 + 1)
    present = tuple(each.person for each in on_duty(roster, at, zone))
    assert len(set(present)) == len(present)
    found = [g for g in gaps(roster, begins_at, ends_at, zone) if g.begins_at <= at < g.ends_at]
    assert [g.people for g in found] == ([present] if len(present) < roster.needed else [])


def length(found: tuple[Gap, ...]) -> timedelta:
    return sum((gap.ends_at - gap.begins_at for gap in found), timedelta())


@given(ROSTERS, ZONES, st.lists(INSTANTS, min_size=3, max_size=3))
def test_the_gaps_of_two_neighbouring_times_are_those_of_the_whole(
    roster: Roster, zone: ZoneInfo, instants: list[datetime]
) -> None:
    start, middle, end = sorted(instants)
    whole = gaps(roster, start, end, zone)
    parts = gaps(roster, start, middle, zone) + gaps(roster, middle, end, zone)
    assert length(whole) == length(parts)
    assert all(a.ends_at <= b.begins_at for a, b in pairwise(whole))


@given(ZONES, st.lists(TIMES, min_size=1, max_size=6, unique=True), INSTANTS)
def test_shifts_that_follow_each_other_around_the_clock_leave_no_gap(
    zone: ZoneInfo, borders: list[time], begins_at: datetime
) -> None:
    borders.sort()
    shifts = [
        Shift(str(n), begins, borders[(n + 1) % len(borders)]) for n, begins in enumerate(borders)
    ]
    roster = Roster(tuple(Rota(shift, ("a",), date(2026, 1, 1)) for shift in shifts))
    assert gaps(roster, begins_at, begins_at + timedelta(days=7), zone) == ()


CONTRACTS = st.lists(
    st.builds(
        Contract,
        st.sampled_from(["K1", "K2", "K3"]),
        st.sampled_from(["1", "2"]),
        st.sampled_from(["old", "third"]),
        DAYS,
        st.none() | DAYS,
    ),
    max_size=5,
    unique_by=lambda c: (c.number, c.lift),
)


@given(CONTRACTS)
def test_a_day_has_a_holder_or_is_reported(contracts: list[Contract]) -> None:
    bare = {
        day
        for stretch in unmaintained(contracts, "1", FIRST, LAST)
        for day in days_from(stretch.first, stretch.last)
    }
    for day in days_from(FIRST, LAST):
        assert (holder_on(contracts, "1", day) is None) == (day in bare)
        double = sum(c.lift == "1" and c.covers(day) for c in contracts) > 1
        said = any(
            o.holds.lift == "1" and o.first <= day and (o.last is None or day <= o.last)
            for o in overlaps(contracts)
        )
        assert double == said


@given(CONTRACTS, DAYS, st.none() | DAYS)
def test_a_hand_over_changes_nothing_before_its_day_and_leaves_one_holder_from_it(
    contracts: list[Contract], on: date, until: date | None
) -> None:
    done = hand_over(
        contracts, ["1", "2"], from_firm="old", to_firm="new", number="N", on=on, until=until
    )
    ended = {(c.number, c.lift): c for c in done.ended}
    after = [ended.get((c.number, c.lift), c) for c in contracts] + list(done.begun)
    refused = {each.lift for each in done.refused}
    for lift in ("1", "2"):
        for day in days_from(FIRST, LAST):
            was, now = holder_on(contracts, lift, day), holder_on(after, lift, day)
            if day < on or lift in refused:
                assert (was and was.firm) == (now and now.firm)
            elif until is None or day <= until:
                assert now is not None
                assert now.firm == "new"
                assert sum(c.lift == lift and c.covers(day) for c in after) == 1
