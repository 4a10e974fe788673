"""A call that could not be taken is a line on the board until somebody has dealt with it."""

from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from alerts import refusals
from alerts.intake import take_call
from alerts.policy import PolicyBook
from alerts.refusals import REPEATS_WITHIN
from dashboard.access import Role
from dashboard.deps import CSRF_FIELD
from dashboard.web import pages_staff
from devices import commands
from devices.calls import CallArrived, RefusedCall
from devices.model import Gateway
from devices.protocol.messages import Call, CallPhase, CallSource
from tests.support.dashboards import NOON, TEST, Dashboards

TOPIC = "lift/v1/410100/G0001/call"


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    return Dashboards(tmp_path)


def refused(
    event_id: str | None = "G0001-1",
    *,
    topic: str = TOPIC,
    reason: str = "not_its_lift",
    after: timedelta = timedelta(),
) -> RefusedCall:
    detail = "gateway G0001 speaks for no lift 235274"
    return RefusedCall(topic, reason, "lift", detail, NOON + after, event_id, "235274")


def tell(hub: Dashboards, call: RefusedCall) -> bool:
    return hub.database.write(lambda c: refusals.tell(c, call))


def lines(hub: Dashboards, *areas: str) -> list[refusals.RefusedLine]:
    since = NOON - timedelta(hours=1)
    return hub.database.read(lambda c: refusals.lines(c, since, *areas))


def seat(hub: Dashboards, role: Role = Role.DISPATCHER) -> tuple[TestClient, str]:
    client = hub.client(pages=(pages_staff.router,))
    return client, hub.sign_in(client, role)


def test_the_board_says_who_called_why_it_was_refused_and_what_to_do(hub: Dashboards) -> None:
    hub.database.write(
        lambda c: commands.enrol_gateway(c, Gateway("G0001", "410100", (hub.lift.id,)), NOON, TEST)
    )
    tell(hub, refused())
    client, _ = seat(hub)
    chinese = client.get("/", headers={"Accept-Language": "zh-CN"}).text
    for word in ("未能受理的呼叫", "G0001", TOPIC, "该电梯不属于此网关", "致电该电梯现场核实"):
        assert word in chinese
    english = client.get("/fragments/board", headers={"Accept-Language": "en"}).text
    for word in ("12:00:00", "Not a lift of this gateway", "Telephone the lift", "Dealt with"):
        assert word in english
    assert '/incidents/new?lift=235274"' in english


def test_a_line_goes_when_a_seat_has_dealt_with_it(hub: Dashboards) -> None:
    tell(hub, refused())
    (line,) = lines(hub)
    client, csrf = seat(hub)
    path = f"/refused-calls/{line.id}/settled"
    assert client.post(path, follow_redirects=False).status_code == 403  # without the page's proof
    for _ in range(2):
        answer = client.post(path, data={CSRF_FIELD: csrf}, follow_redirects=False)
        assert answer.status_code == 303
    assert lines(hub) == []
    assert not tell(hub, refused(after=timedelta(hours=1)))  # the device goes on repeating
    assert lines(hub) == []
    assert client.post("/refused-calls/999/settled", data={CSRF_FIELD: csrf}).status_code == 404


def test_a_repeat_adds_no_line_but_another_call_does(hub: Dashboards) -> None:
    assert tell(hub, refused())
    assert not tell(hub, refused(after=timedelta(seconds=5)))
    assert tell(hub, refused("G0001-2"))
    assert tell(hub, refused(reason="lift_unknown"))  # the same call, refused for another reason
    assert [line.reason for line in lines(hub)] == ["lift_unknown", "not_its_lift"]


def test_what_tells_no_event_id_is_one_line_a_minute_for_its_topic(hub: Dashboards) -> None:
    assert tell(hub, refused(None))
    assert not tell(hub, refused(None, after=REPEATS_WITHIN / 2))
    assert tell(hub, refused(None, after=REPEATS_WITHIN))
    assert len(lines(hub)) == 1


def test_a_line_goes_when_the_same_call_is_taken_after_all(hub: Dashboards) -> None:
    tell(hub, refused())
    call = Call(
        ts=1, event_id="G0001-1", phase=CallPhase.BEGIN, source=CallSource.BUTTON, lift="235274"
    )
    arrived = CallArrived(call, hub.lift, "G0001", NOON)
    hub.database.write(lambda c: take_call(c, arrived, PolicyBook(), NOON))
    assert lines(hub) == []


def test_a_seat_sees_the_refused_calls_of_its_city_alone(hub: Dashboards) -> None:
    tell(hub, refused())
    tell(hub, refused("G0001-2", topic="lift/v1/nowhere/call"))
    assert [line.area for line in lines(hub, "410100")] == ["410100"]
    assert lines(hub, "410200") == []
    assert len(lines(hub)) == 2


def test_a_firm_and_a_station_see_no_refused_calls(hub: Dashboards) -> None:
    tell(hub, refused())
    for role in (Role.FIRM_ADMIN, Role.STATION):
        client, csrf = seat(hub, role)
        assert "refused-calls" not in client.get("/").text
        (line,) = lines(hub)
        path = f"/refused-calls/{line.id}/settled"
        assert client.post(path, data={CSRF_FIELD: csrf}).status_code == 403
