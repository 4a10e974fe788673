"""The roll of test calls, as pages, file and interface: each sees its own lifts."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from dashboard.access import Role
from devices import call_roll, commands, queries
from devices.model import Gateway, LiftStatus
from devices.proving import LastTest
from tests.support.dashboards import NOON, TEST, Dashboards
from tests.support.lists import browser, column, table, two_cities


@pytest.fixture
def roll(tmp_path: Path) -> Dashboards:
    """235274 failed its test, 300001 passed it, 300002 was never tested; the others have no device.

    300003 was never tested, too, and is out of use.
    """
    hub = two_cities(tmp_path)

    def fill(connection: Connection) -> None:
        lifts = [hub.lift, *(queries.lift_by_code(connection, f"30000{n}") for n in (1, 2, 3))]
        commands.upsert_lift(connection, replace(lifts[2], use_unit_id=None), NOON, TEST)
        commands.upsert_lift(connection, replace(lifts[3], status=LiftStatus.STOPPED), NOON, TEST)
        for number, lift in enumerate(lifts):
            gateway = Gateway(f"G{number}", lift.area, (lift.id,))
            commands.enrol_gateway(connection, gateway, NOON, TEST)
        at = NOON - timedelta(hours=1)
        failed = LastTest(at, None, "G0", microphone=False, loudspeaker=True, battery_pct=41)
        call_roll.keep(connection, lifts[0].id, failed)
        call_roll.keep(connection, lifts[1].id, LastTest(at, at, "G1"))

    hub.database.write(fill)
    return hub


def test_the_roll_names_who_is_not_proven_able_to_call(roll: Dashboards) -> None:
    seat = browser(roll, "dispatcher")
    rows = table(seat, "/test-calls.csv")
    assert column(rows) == ["235274", "300002"]
    assert column(rows, 4) == ["Test failed", "Never tested"]
    assert rows[1][7] == "41%"
    assert column(table(seat, "/test-calls.csv?ability=proven")) == ["300001"]
    assert len(table(seat, "/test-calls.csv?ability=unconnected")) == 1 + 57
    assert column(table(seat, "/test-calls.csv?area=410200")) == ["300002"]
    assert column(table(seat, "/test-calls.csv?firm=F2")) == ["300002"]
    assert column(table(seat, "/test-calls.csv?q=2352")) == ["235274"]
    page = seat.get("/test-calls").text
    assert "2 in all" in page
    assert "Microphone" in page
    second = seat.get("/test-calls?ability=unconnected&offset=50").text
    assert "57 in all · 51–57" in second
    assert "Test failed" in seat.get("/lifts/235274").text


def test_each_sees_the_roll_of_its_own_lifts(roll: Dashboards) -> None:
    for name in ("city", "firm_admin", "use_unit", "district_supervisor"):
        assert column(table(browser(roll, name), "/test-calls.csv")) == ["235274"], name
        assert table(browser(roll, name), "/test-calls.csv?area=410200")[1:] == [], name
    told = roll.client(role=Role.FIRM_ADMIN).get("/api/v1/test-calls").json()
    assert told["total"] == 1
    assert told["items"][0]["lift"] == "235274"
    assert told["items"][0]["newest"]["microphone"] is False
    assert roll.client(role=Role.FIRM_ADMIN).get("/api/v1/test-calls?firm=F2").json() == {
        "items": [],
        "total": 0,
    }
    never = roll.client(role=Role.DISPATCHER).get("/api/v1/test-calls?ability=never").json()
    assert [each["newest"] for each in never["items"]] == [None]


def test_an_empty_roll_says_so(roll: Dashboards) -> None:
    page = browser(roll, "station", "zh").get("/test-calls?q=nothing-there").text
    assert "所有电梯的呼救能力均已验证" in page
