from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from core.errors import InvalidMessage
from dashboard.access import ALLOWED, Action, Role, may
from dashboard.problems import safe_next
from dashboard.publishing import open_now
from dashboard.scope import Scope, checked
from dashboard.web.media import with_token
from devices.model import Kitchen, KitchenKind


def test_every_role_has_a_row() -> None:
    assert set(ALLOWED) == set(Role)


@pytest.mark.parametrize("role", Role)
def test_only_seats_direct_incidents(role: Role) -> None:
    assert may(role, Action.DIRECT_INCIDENT) == (
        role in {Role.ADMINISTRATOR, Role.DISPATCHER, Role.SHIFT_LEADER}
    )


def test_a_firm_sees_its_lifts_and_its_assignments_only() -> None:
    scope = Scope(firm_id=7)
    assert scope.covers_incident("410100", "410105", (7, None), [])
    assert scope.covers_incident("410100", "410105", (8, None), [("firm", 7)])
    assert not scope.covers_incident("410100", "410105", (8, None), [("station", 7)])
    assert not scope.covers_incident("410100", "410105", (None, None), [("public_rescue", None)])


def test_a_use_unit_sees_the_incidents_of_its_own_lifts() -> None:
    scope = Scope(use_unit_id=3)
    assert scope.covers_incident("410100", "410105", (7, 3), [("firm", 7)])
    assert not scope.covers_incident("410100", "410105", (7, 4), [("firm", 3)])


def test_a_division_hides_what_lies_outside() -> None:
    nobody = (None, None)
    for code, seen in (
        ("", {"410105", "410106", "410202"}),
        ("410100", {"410105", "410106"}),
        ("410105", {"410105"}),
        ("410202", {"410202"}),
    ):
        scope = Scope(code)
        found = {
            district
            for city, district in (("410100", "410105"), ("410100", "410106"), ("410200", "410202"))
            if scope.covers_incident(city, district, nobody, [])
        }
        assert found == seen
    county = Scope("419001")  # directly under the province: city and district are one
    assert county.covers_place("419001", "419001")


@pytest.mark.parametrize(
    ("role", "scope", "field"),
    [
        (Role.CITY_SUPERVISOR, Scope(), "area"),
        (Role.DISTRICT_SUPERVISOR, Scope("410100"), "area"),
        (Role.PROVINCE_SUPERVISOR, Scope("410100"), "area"),
        (Role.ADMINISTRATOR, Scope("410100"), "area"),
        (Role.DISPATCHER, Scope("410000"), "area"),
        (Role.DISPATCHER, Scope(firm_id=1), "firm"),
        (Role.TECHNICIAN, Scope(), "firm"),
        (Role.TECHNICIAN, Scope("410100", firm_id=1), "area"),
        (Role.STATION, Scope(), "station"),
        (Role.USE_UNIT, Scope(), "use_unit"),
        (Role.USE_UNIT, Scope(firm_id=1), "firm"),
    ],
)
def test_an_account_names_what_its_role_is_of(role: Role, scope: Scope, field: str) -> None:
    with pytest.raises(InvalidMessage) as refused:
        checked(role, scope)
    assert refused.value.field == field


def test_a_county_of_its_own_may_have_a_city_supervisor() -> None:
    checked(Role.CITY_SUPERVISOR, Scope("419001"))


@pytest.mark.parametrize(
    ("wanted", "safe"),
    [
        ("/board?x=1", "/board?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\nb", "/"),
    ],
)
def test_a_redirect_after_sign_in_stays_here(wanted: str, safe: str) -> None:
    assert safe_next(wanted) == safe


@pytest.mark.parametrize(
    ("opens", "closes", "hour", "is_open"),
    [
        (time(7), time(20), 12, True),
        (time(7), time(20), 20, False),
        (time(17), time(2), 1, True),
        (time(17), time(2), 12, False),
        (time(0), time(0), 3, True),
    ],
)
def test_opening_hours_may_pass_midnight(
    opens: time, closes: time, hour: int, *, is_open: bool
) -> None:
    kitchen = Kitchen(
        id=1,
        code="K0001",
        name="示例餐厅",
        kind=KitchenKind.RESTAURANT,
        area="410100",
        district="410105",
        address="示例路 3 号",
        operator="示例公司",
        licence_number="示例-0002",
        grade="A",
        published=True,
        opens=opens,
        closes=closes,
    )
    now = datetime(2026, 11, 23, hour, tzinfo=UTC)
    assert open_now(kitchen, now, ZoneInfo("UTC")) is is_open


def test_every_address_of_a_playlist_carries_the_link() -> None:
    text = '#EXTM3U\n#EXT-X-MAP:URI="init-1.mp4"\n#EXTINF:2.000,\ns00000001.m4s\n'
    assert with_token(text, "a.b").splitlines()[1:] == [
        '#EXT-X-MAP:URI="init-1.mp4?token=a.b"',
        "#EXTINF:2.000,",
        "s00000001.m4s?token=a.b",
    ]
