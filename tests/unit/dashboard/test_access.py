from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from dashboard.access import ALLOWED, Action, Role, Scope, may
from dashboard.problems import safe_next
from dashboard.publishing import open_now
from dashboard.web.media import with_token
from devices.model import Kitchen, KitchenKind


def test_every_role_has_a_row() -> None:
    assert set(ALLOWED) == set(Role)


@pytest.mark.parametrize("role", Role)
def test_only_seats_direct_incidents(role: Role) -> None:
    assert may(role, Action.DIRECT_INCIDENT) == (role in {Role.ADMINISTRATOR, Role.DISPATCHER})


def test_a_firm_sees_its_lifts_and_its_assignments_only() -> None:
    scope = Scope(firm_id=7)
    assert scope.covers_incident("410100", 7, [])
    assert scope.covers_incident("410100", 8, [("firm", 7)])
    assert not scope.covers_incident("410100", 8, [("station", 7)])
    assert not scope.covers_incident("410100", None, [("public_rescue", None)])


def test_an_area_hides_other_areas() -> None:
    assert Scope("410100").covers_incident("410100", None, [])
    assert not Scope("410100").covers_incident("410200", None, [])
    assert Scope().covers_incident("410200", None, [])


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
