"""Alarms: who sees them, what stands beside them, and how people acknowledge and close them."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import Connection
from starlette.testclient import TestClient

from alerts import alarms
from alerts.alarm import AlarmState
from alerts.alarms import AlarmFilter
from alerts.commands import apply_finding
from alerts.confines import Confines
from alerts.policy import PolicyBook
from core import journal
from core.journal import Subject
from dashboard import accounts
from dashboard.access import Role
from dashboard.app import create_app
from dashboard.deps import cookie_name
from dashboard.scope import Scope
from dashboard.web import labels
from devices import commands
from devices.findings import CameraDark, ConditionCleared, ConditionRaised, Finding, Severity
from devices.model import Gateway
from tests.support.dashboards import CAMERA, NOON, PASSWORD, TEST, Dashboards


def raised(event_id: str, kind: str, subject: str, code: str, severity: Severity) -> Finding:
    return ConditionRaised(
        event_id=event_id,
        subject_kind=kind,
        subject=subject,
        code=code,
        severity=severity,
        since=NOON,
    )


FINDINGS = (
    raised("235274:d1", "lift", "235274", "door.close", Severity.MINOR),
    raised("G1:o1", "gateway", "G1", "device.offline", Severity.MINOR),
    raised("K0001/P1:x", "kitchen", "K0001/P1", "smoke", Severity.MAJOR),
    CameraDark(event_id="cam/1", camera=CAMERA, state="offline", since=NOON, reason="timeout"),
    raised("300999:d1", "lift", "300999", "door.open", Severity.INFO),  # not in the registry
)


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    made = Dashboards(tmp_path)

    def fill(connection: Connection) -> None:
        gateway = Gateway("G1", "410100", (made.lift.id,))
        commands.enrol_gateway(connection, gateway, NOON, TEST)
        for each in FINDINGS:
            apply_finding(connection, each, PolicyBook(), NOON)
        digest = accounts.hash_password(PASSWORD)
        for name, area in (("here", "410100"), ("elsewhere", "410200")):
            accounts.create_account(
                connection,
                name=name,
                display_name="示例市级",
                password_hash=digest,
                role=Role.DISPATCHER,
                scope=Scope(area=area),
                now=NOON,
                actor=TEST,
            )

    made.database.write(fill)
    return made


Browser = Callable[[str], tuple[TestClient, str]]


@pytest.fixture
def browser(hub: Dashboards) -> Browser:
    def opened(name: str) -> tuple[TestClient, str]:
        client = TestClient(
            create_app(hub.context("staff")),
            headers={"Accept": "text/html", "Accept-Language": "en"},
            follow_redirects=False,
        )
        begun = hub.begin(name)
        client.cookies.set(cookie_name(hub.context("staff")), begun.token)
        signed = accounts.signed_by_session(hub.database, begun.token, now=hub.clock.now())
        assert signed is not None
        return client, signed.csrf or ""

    return opened


def ids(hub: Dashboards, **wanted: object) -> list[str]:
    return hub.database.read(lambda c: alarms.alarm_ids(c, AlarmFilter(**wanted)))  # type: ignore[arg-type]


def state(hub: Dashboards, event_id: str) -> AlarmState:
    return hub.database.read(lambda c: alarms.alarm_rows(c, [event_id]))[0].alarm.state


def test_the_gravest_comes_first_and_filters_narrow(hub: Dashboards) -> None:
    assert ids(hub)[0] == "K0001/P1:x"
    assert ids(hub)[-1] == "300999:d1"
    assert ids(hub, subject_kind="camera") == ["cam/1"]
    assert ids(hub, severity="minor", text="235") == ["235274:d1"]
    assert ids(hub, states=(AlarmState.CLOSED,)) == []
    of_the_city = ids(hub, confines=Confines(within="410100"))
    assert set(of_the_city) == {"235274:d1", "G1:o1", "K0001/P1:x", "cam/1"}
    assert ids(hub, confines=Confines(within="410200")) == []
    for order in alarms.ORDERS:
        for down in (True, False):
            found = hub.database.read(
                lambda c, by=order, d=down: alarms.alarm_ids(c, AlarmFilter(), by, descending=d)  # type: ignore[misc]
            )
            assert len(found) == 5


def test_the_page_says_where_and_what_to_do(hub: Dashboards, browser: Browser) -> None:
    page = browser("dispatcher")[0].get("/alarms").text
    assert '<span class="count">5<' in page  # in the navigation, on every page
    assert "Door does not close" in page
    assert "示例路 1 号 1 号楼" in page
    assert 'href="/kitchens/K0001"' in page
    assert "Telephone the kitchen: check the camera" in page
    assert "it does not answer" in page
    assert page.count("<button>Acknowledge") == 5
    assert "<button>Acknowledge" not in browser("province_supervisor")[0].get("/alarms").text
    assert "/alarms" in browser("province_supervisor")[0].get("/").text
    assert 'href="/alarms"' not in browser("firm_admin")[0].get("/").text


def test_acknowledging_is_journalled_and_closes_what_has_ended(
    hub: Dashboards, browser: Browser
) -> None:
    client, csrf = browser("dispatcher")
    press = {"csrf": csrf, "event_id": "235274:d1", "back": "subject=lift"}
    answer = client.post("/alarms/acknowledge", data=press)
    assert (answer.status_code, answer.headers["location"]) == (303, "/alarms?subject=lift")
    assert state(hub, "235274:d1") is AlarmState.ACKNOWLEDGED
    assert client.post("/alarms/acknowledge", data=press).status_code == 303  # another was quicker
    last = hub.database.read(lambda c: journal.history(c, Subject("lift", "235274")))[-1].entry
    assert (last.verb, last.actor.id) == ("alarm_acknowledged", "dispatcher")
    assert "示例 dispatcher" in client.get("/alarms").text
    cleared = ConditionCleared(
        event_id="G1:o1",
        subject_kind="gateway",
        subject="G1",
        code="device.offline",
        at=NOON + timedelta(minutes=1),
    )
    hub.database.write(lambda c: apply_finding(c, cleared, PolicyBook(), NOON))
    assert "Ended, not yet acknowledged" in client.get("/alarms?state=cleared").text
    client.post("/alarms/acknowledge", data=press | {"event_id": "G1:o1"})
    assert state(hub, "G1:o1") is AlarmState.CLOSED
    assert "G1" not in client.get("/alarms?subject=gateway").text.partition('id="list"')[2]


@pytest.mark.parametrize(
    ("name", "status"),
    [("province_supervisor", 403), ("firm_admin", 403), ("elsewhere", 404), ("here", 303)],
)
def test_only_a_seat_of_the_place_acknowledges(
    hub: Dashboards, browser: Browser, name: str, status: int
) -> None:
    client, csrf = browser(name)
    press = {"csrf": csrf, "event_id": "cam/1"}
    assert client.post("/alarms/acknowledge", data=press).status_code == status
    assert client.post("/alarms/acknowledge", data={"event_id": "cam/1"}).status_code == 403
    assert (state(hub, "cam/1") is AlarmState.ACKNOWLEDGED) == (status == 303)


def test_the_file_holds_what_the_page_shows(browser: Browser) -> None:
    answer = browser("dispatcher")[0].get("/alarms.csv?subject=camera")
    _, row = csv.reader(StringIO(answer.text.removeprefix("\ufeff")))
    assert row[:3] == ["Minor", "Camera offline", f"Camera {CAMERA} 示例食堂 灶台"]
    assert row[4] == "Open"


def test_programs_list_and_acknowledge(hub: Dashboards) -> None:
    client = hub.client(role=Role.DISPATCHER)
    told = client.get("/api/v1/alarms", params={"subject_kind": "kitchen"}).json()
    assert (told["total"], told["items"][0]["place"]) == (1, "示例食堂")
    done = client.post("/api/v1/alarms/cam/1/acknowledge")
    assert (done.status_code, done.json()["state"]) == (200, "acknowledged")
    again = client.post("/api/v1/alarms/cam/1/acknowledge")
    assert (again.status_code, again.json()["reason"]) == (409, "wrong_state")
    assert client.get("/api/v1/alarms?state=acknowledged").json()["total"] == 1
    assert client.post("/api/v1/alarms/nothing/acknowledge").status_code == 404
    assert hub.client(role=Role.FIRM_ADMIN).get("/api/v1/alarms").status_code == 403


def test_what_an_alarm_says_beside_its_code_is_in_words() -> None:
    english, chinese = labels.of("en"), labels.of("zh")
    assert english.alarm_detail("power.building", "235275 235276") == "Lifts 235275 235276"
    assert chinese.alarm_detail("area.offline", "312/400") == "失联网关 312/400"
    assert english.alarm_detail("trapped.between", "inferred") == english("source", "inferred")
    assert english.alarm_detail("door.close", "door.close") == ""
    assert chinese.alarm("sensor.lost") == "传感器无数据或故障"
