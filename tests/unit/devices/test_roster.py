from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from devices.roster import (
    Gap,
    Leave,
    OnDuty,
    OnHolidays,
    Roster,
    Rota,
    Shift,
    Swap,
    gaps,
    gaps_ahead,
    on_duty,
    swaps_without_effect,
)

ZONES = [
    ZoneInfo(name)
    for name in ("Asia/Shanghai", "Asia/Urumqi", "UTC", "America/New_York", "Pacific/Auckland")
]
SHANGHAI = ZONES[0]
DAY, NIGHT = Shift("day", time(8), time(20)), Shift("night", time(20), time(8))
FIRST = date(2026, 1, 1)
ROSTER = Roster((Rota(DAY, ("anna",), FIRST), Rota(NIGHT, ("ben",), FIRST)))
MIN = timedelta(minutes=1)


def local(day: date, hour: int, minute: int = 0, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


def names(roster: Roster, at: datetime, zone: ZoneInfo = SHANGHAI) -> list[str]:
    return [each.person for each in on_duty(roster, at, zone)]


TENTH = date(2026, 6, 10)


@pytest.mark.parametrize("zone", ZONES, ids=lambda z: z.key)
def test_the_night_shift_holds_over_midnight(zone: ZoneInfo) -> None:
    begun = OnDuty("ben", "night", TENTH)
    assert on_duty(ROSTER, local(TENTH, 23, 59, zone), zone) == (begun,)
    assert on_duty(ROSTER, local(TENTH + timedelta(1), 0, 0, zone), zone) == (begun,)
    assert names(ROSTER, local(TENTH, 19, 59, zone), zone) == ["anna"]
    assert names(ROSTER, local(TENTH, 20, 0, zone), zone) == ["ben"]
    assert gaps_ahead(ROSTER, local(TENTH, 12, 0, zone), zone) == ()


@pytest.mark.parametrize("zone", ZONES, ids=lambda z: z.key)
def test_leave_begins_and_ends_at_midnight_within_a_shift(zone: ZoneInfo) -> None:
    away = replace(ROSTER, leaves=(Leave("ben", TENTH, TENTH),))
    assert names(away, local(TENTH - timedelta(1), 23, 59, zone), zone) == ["ben"]
    assert names(away, local(TENTH, 0, 0, zone), zone) == []
    assert names(away, local(TENTH, 23, 59, zone), zone) == []
    assert names(away, local(TENTH + timedelta(1), 0, 0, zone), zone) == ["ben"]
    whole = gaps(away, local(TENTH, 0, 0, zone), local(TENTH + timedelta(1), 0, 0, zone), zone)
    assert whole == (
        Gap(local(TENTH, 0, 0, zone), local(TENTH, 8, 0, zone), ()),
        Gap(local(TENTH, 20, 0, zone), local(TENTH + timedelta(1), 0, 0, zone), ()),
    )


def test_a_stand_in_takes_the_place_unless_away_too() -> None:
    leave = Leave("ben", TENTH, TENTH, stand_in="cara")
    stood_in = replace(ROSTER, leaves=(leave,))
    assert on_duty(stood_in, local(TENTH, 23), SHANGHAI) == (OnDuty("cara", "night", TENTH, "ben"),)
    both = replace(ROSTER, leaves=(leave, Leave("cara", TENTH, TENTH)))
    assert names(both, local(TENTH, 23)) == []


def test_a_swap_is_for_one_shift_only() -> None:
    swapped = replace(ROSTER, swaps=(Swap(TENTH, "night", "ben", "anna"),))
    assert names(swapped, local(TENTH + timedelta(1), 3)) == ["anna"]
    assert names(swapped, local(TENTH, 3)) == ["ben"]
    assert names(swapped, local(TENTH + timedelta(1), 23)) == ["ben"]
    assert swaps_without_effect(swapped) == ()


def test_a_swap_with_somebody_who_is_away_leaves_a_gap() -> None:
    roster = replace(
        ROSTER,
        swaps=(Swap(TENTH, "day", "anna", "cara"),),
        leaves=(Leave("cara", TENTH, TENTH),),
    )
    assert gaps_ahead(roster, local(TENTH, 0), SHANGHAI) == (
        Gap(local(TENTH, 8), local(TENTH, 20), ()),
    )


def test_swaps_that_change_nothing_are_told() -> None:
    wrong = (
        Swap(TENTH, "night", "anna", "ben"),
        Swap(TENTH, "evening", "ben", "anna"),
        Swap(FIRST - timedelta(1), "night", "ben", "anna"),
    )
    assert swaps_without_effect(replace(ROSTER, swaps=wrong)) == wrong


def test_holidays_have_their_own_people() -> None:
    usual = Rota(DAY, ("anna",), FIRST, holidays=OnHolidays.REST)
    feast = Rota(DAY, ("cara",), FIRST, holidays=OnHolidays.ONLY)
    roster = Roster((usual, feast), holidays=frozenset({TENTH}))
    assert names(roster, local(TENTH, 9)) == ["cara"]
    assert names(roster, local(TENTH + timedelta(1), 9)) == ["anna"]


def test_a_rotation_of_three_crews_leaves_no_gap_in_a_year() -> None:
    whole = Shift("24 h", time(8), time(8))
    crews = tuple(
        Rota(whole, (name,), FIRST + timedelta(days=n), every=3)
        for n, name in enumerate(("anna", "ben", "cara"))
    )
    start = local(FIRST, 8)
    assert gaps(Roster(crews), start, start + timedelta(days=365), SHANGHAI) == ()
    assert len(gaps(Roster(crews[1:]), start, start + timedelta(days=30), SHANGHAI)) == 10


def test_two_may_be_needed_and_one_person_counts_once() -> None:
    roster = Roster(
        (Rota(DAY, ("anna", "ben"), FIRST), Rota(DAY, ("ben",), FIRST)),
        leaves=(Leave("anna", TENTH, TENTH, stand_in="ben"),),
        needed=2,
    )
    found = gaps(roster, local(TENTH, 8), local(TENTH, 20), SHANGHAI)
    assert found == (Gap(local(TENTH, 8), local(TENTH, 20), ("ben",)),)


def test_a_rota_that_ends_leaves_a_gap_within_the_next_day() -> None:
    ending = replace(ROSTER, rotas=(ROSTER.rotas[0], replace(ROSTER.rotas[1], last=TENTH)))
    eleventh = TENTH + timedelta(1)
    assert gaps_ahead(ending, local(TENTH, 19, 59), SHANGHAI) == ()
    assert gaps_ahead(ending, local(TENTH, 20, 1), SHANGHAI) == (
        Gap(local(eleventh, 20), local(eleventh, 20, 1), ()),
    )


@pytest.mark.parametrize("change", [date(2026, 3, 8), date(2026, 11, 1)])
def test_shifts_meet_when_clocks_change(change: date) -> None:
    zone = ZoneInfo("America/New_York")
    early = Roster(
        (
            Rota(Shift("a", time(14), time(2, 30)), ("anna",), FIRST),
            Rota(Shift("b", time(2, 30), time(14)), ("ben",), FIRST),
        )
    )
    start = local(change - timedelta(1), 12, 0, zone)
    assert gaps(early, start, start + timedelta(days=3), zone) == ()


def test_a_rota_needs_a_step() -> None:
    with pytest.raises(ValueError, match="below 1"):
        Rota(DAY, ("anna",), FIRST, every=0)
