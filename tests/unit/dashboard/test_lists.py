"""Lists: what is searched, filtered and ordered stands in the address, and the file holds it."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection
from starlette.testclient import TestClient

from alerts import search
from alerts.findings import apply_finding
from alerts.intake import open_incident
from alerts.ladder import Kind
from alerts.model import Intake, Source
from alerts.policy import PolicyBook
from dashboard.access import FIRM_ROLES, Role
from dashboard.app import create_app
from devices import commands, queries
from devices.findings import ConditionRaised, Severity
from devices.model import Gateway
from ingest.latest import LatestStates
from ingest.quarantine import QuarantineFilter, QuarantineReader
from tests.support.dashboards import NOON, TEST, Dashboards
from tests.support.lists import FORMULA, browser, column, table, two_cities

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STATE = b'{"fields":{"floor":-1},"gateway":"G1"}'  # as the row of a lift keeps it
QUARANTINE = """
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, received_at_us INTEGER NOT NULL, topic TEXT NOT NULL,
    reason TEXT NOT NULL, field TEXT NOT NULL, detail TEXT NOT NULL, raw BLOB NOT NULL) STRICT
"""


def us(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    return two_cities(tmp_path)


def hear(hub: Dashboards, silences: dict[str, timedelta]) -> None:
    folder = hub.folder / "telemetry" / "latest"
    LatestStates(folder).close()  # makes the file
    with closing(sqlite3.connect(folder / "latest.db")) as file, file:
        for code, silent in silences.items():
            file.execute(
                "INSERT INTO latest (lift, received_at_us, event_at_us, state) VALUES (?, ?, ?, ?)",
                (code, us(NOON - silent), us(NOON - silent), STATE),
            )


def test_the_file_holds_every_row_of_the_list_and_the_page_a_part(hub: Dashboards) -> None:
    seat = browser(hub, "dispatcher")
    rows = table(seat, "/lifts.csv?area=410200&sort=-code")
    assert rows[0][0] == "Code"
    assert column(rows) == [f"3{n:05}" for n in range(60, 0, -1)]
    page = seat.get("/lifts?area=410200&sort=-code").text
    assert "60 in all · 1–50" in page
    assert "/lifts/300060" in page
    assert "/lifts/300001" not in page
    second = seat.get("/lifts?area=410200&sort=-code&offset=50").text
    assert "/lifts/300001" in second
    assert "area=410200&amp;sort=-code" in second  # the way to the file keeps what is seen


def test_the_head_of_the_file_speaks_the_pages_language(hub: Dashboards) -> None:
    rows = table(browser(hub, "dispatcher", "zh"), "/lifts.csv?q=2352")
    assert rows[0][:2] == ["编号", "地址"]
    assert rows[1][0] == "235274"
    assert "从未上线" in rows[1]


def test_a_text_that_looks_like_a_formula_is_only_text(hub: Dashboards) -> None:
    rows = table(browser(hub, "dispatcher"), "/lifts.csv?q=300001")
    assert rows[1][1].startswith(f"'{FORMULA}")


def test_presence_narrows_and_orders(hub: Dashboards) -> None:
    hear(
        hub,
        {
            "235274": timedelta(seconds=5),
            "300002": timedelta(minutes=2),
            "300003": timedelta(hours=1),
        },
    )
    seat = browser(hub, "dispatcher")
    assert column(table(seat, "/lifts.csv?presence=online")) == ["235274"]
    assert column(table(seat, "/lifts.csv?presence=late")) == ["300002"]
    assert column(table(seat, "/lifts.csv?presence=offline")) == ["300003"]
    assert len(table(seat, "/lifts.csv?presence=never")) == 1 + 58
    heard = column(table(seat, "/lifts.csv?sort=-heard"))
    assert heard[:3] == ["235274", "300002", "300003"]
    assert column(table(seat, "/lifts.csv?sort=heard"))[:3] == heard[2::-1]
    assert "/lifts/300002" in seat.get("/lifts?presence=late").text


def test_a_lift_is_offline_from_its_gateways_farewell_until_it_speaks_again(
    hub: Dashboards,
) -> None:
    hear(hub, {"235274": timedelta(seconds=40), "300002": timedelta(seconds=5)})
    gone = ConditionRaised(
        event_id="G1:offline-1",
        subject_kind="gateway",
        subject="G1",
        code="device.offline",
        severity=Severity.MINOR,
        since=NOON - timedelta(seconds=20),
    )

    def farewell(connection: Connection) -> None:
        lifts = (hub.lift.id, queries.lift_by_code(connection, "300002").id)
        commands.enrol_gateway(connection, Gateway("G1", "410100", lifts), NOON, TEST)
        apply_finding(connection, gone, PolicyBook(), NOON)

    seat = browser(hub, "dispatcher")
    assert column(table(seat, "/lifts.csv?presence=online")) == ["235274", "300002"]
    hub.database.write(farewell)
    assert column(table(seat, "/lifts.csv?presence=offline")) == ["235274"]
    assert column(table(seat, "/lifts.csv?presence=online")) == ["300002"]  # spoke since
    assert "fallen silent" in seat.get("/lifts/235274").text
    told = hub.client(role=Role.DISPATCHER).get("/api/v1/lifts/235274").json()
    assert told["presence"] == "offline"


def test_typing_is_answered_with_rows_and_a_clean_address(hub: Dashboards) -> None:
    seat = browser(hub, "dispatcher")
    answer = seat.get("/lifts?q=2352&area=&firm=&kind=", headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert "/lifts/235274" in answer.text
    assert answer.headers["HX-Replace-Url"] == "/lifts?q=2352"


def test_an_old_or_wrong_address_opens_the_list(hub: Dashboards) -> None:
    seat = browser(hub, "dispatcher")
    for wrong in ("?sort=nothing", "?offset=x", "?presence=asleep", "?offset=99999999999999"):
        assert seat.get(f"/lifts{wrong}").status_code == 200
    for wrong in ("?from=yesterday", "?level=9&state=x", "?to=9999-12-31", "?from=0001-01-01"):
        assert seat.get(f"/{wrong}").status_code == 200, wrong


@pytest.mark.parametrize("path", ["/lifts", "/lifts.csv"])
def test_a_firm_is_shown_its_own_lifts_whatever_it_asks_for(hub: Dashboards, path: str) -> None:
    firm = browser(hub, "firm_admin")
    for asked in ("", "?firm=F2", "?area=410200", "?q=30", "?presence=never", "?sort=-heard"):
        told = firm.get(path + asked).text
        assert "300001" not in told, asked
    assert "235274" in firm.get(path).text


def test_a_city_is_shown_its_own(hub: Dashboards) -> None:
    city = browser(hub, "city")
    assert column(table(city, "/lifts.csv")) == ["235274"]
    assert column(table(city, "/lifts.csv?area=410200")) == []
    assert column(table(city, "/kitchens.csv")) == ["K0001"]
    page = city.get("/kitchens").text
    assert "K0001" in page
    assert "K0002" not in page


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("/kitchens.csv", {*FIRM_ROLES, "station", "use_unit"}),
        (
            "/quarantine.csv",
            {*FIRM_ROLES, "station", "use_unit", "dispatcher", "district_supervisor"},
        ),
        ("/lifts.csv", set()),
        ("/incidents.csv", set()),
    ],
)
def test_a_file_asks_for_the_rights_of_its_page(
    hub: Dashboards, path: str, refused: set[str]
) -> None:
    page = path.removesuffix(".csv").replace("/incidents", "/")
    for role in Role:
        client = browser(hub, role.value)
        status = 403 if role.value in refused else 200
        assert client.get(path).status_code == status, role
        assert client.get(page).status_code == status, role
    nobody = TestClient(create_app(hub.context("staff")), headers={"Accept": "text/html"})
    assert nobody.get(path, follow_redirects=False).status_code == 303


def test_the_interface_counts_and_pages_only_what_may_be_seen(hub: Dashboards) -> None:
    city = browser(hub, "city-seat")
    told = city.get("/api/v1/kitchens?limit=1").json()
    assert ([each["code"] for each in told["items"]], told["total"]) == (["K0001"], 1)
    assert city.get("/api/v1/kitchens?limit=1&offset=1").json() == {"items": [], "total": 1}
    whole = hub.client(role=Role.DISPATCHER)
    assert whole.get("/api/v1/kitchens?area=410202").json()["items"][0]["code"] == "K0002"
    assert whole.get("/api/v1/lifts?firm=F2&limit=1").json()["total"] == 60
    assert whole.get("/api/v1/lifts?presence=never").json()["total"] == 61
    own = hub.client(role=Role.FIRM_ADMIN)
    assert own.get("/api/v1/lifts").json()["total"] == 1
    assert own.get("/api/v1/lifts?firm=F2").json()["total"] == 0


def test_kitchens_by_camera_and_grade(hub: Dashboards) -> None:
    seat = browser(hub, "dispatcher")
    assert column(table(seat, "/kitchens.csv?camera=offline")) == ["K0001"]
    assert column(table(seat, "/kitchens.csv?camera=none")) == ["K0002"]
    assert column(table(seat, "/kitchens.csv?grade=B")) == ["K0002"]
    assert column(table(seat, "/kitchens.csv?sort=-code")) == ["K0002", "K0001"]


def take(hub: Dashboards, key: str, code: str, at: datetime, kind: Kind = Kind.TRAPPED) -> str:
    def write(connection: Connection) -> str:
        lift = queries.lift_by_code(connection, code)
        intake = Intake(event_key=key, kind=kind, source=Source.FORM, lift=lift, people=2)
        context = hub.context("staff")
        return open_incident(connection, intake, context.policies, at, TEST).incident_id

    return hub.database.write(write)


def test_incidents_running_and_closed(hub: Dashboards) -> None:
    older = take(hub, "k1", "235274", NOON - timedelta(days=2))
    newer = take(hub, "k2", "300002", NOON - timedelta(minutes=1), Kind.FAULT)
    with closing(sqlite3.connect(hub.database.path)) as file, file:
        file.execute(
            "UPDATE incident SET state = 'closed', closed_at = ?, wake_at = NULL WHERE id = ?",
            ((NOON - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S.%f"), older),
        )
    seat = browser(hub, "dispatcher")
    assert column(table(seat, "/incidents.csv")) == [newer]
    assert column(table(seat, "/incidents.csv?state=all")) == [newer, older]
    assert column(table(seat, "/incidents.csv?state=all&sort=opened")) == [older, newer]
    assert column(table(seat, "/incidents.csv?state=closed")) == [older]
    assert column(table(seat, "/incidents.csv?kind=fault")) == [newer]
    assert column(table(seat, "/incidents.csv?q=300002")) == [newer]
    assert column(table(seat, "/incidents.csv?state=all&area=410105")) == [older]
    day = (NOON - timedelta(days=2)).date().isoformat()
    assert column(table(seat, f"/incidents.csv?from={day}&to={day}")) == [older]
    for order in search.ORDERS:
        assert seat.get(f"/?state=all&sort={order}").status_code == 200
    found = seat.get(f"/?q={older}").text
    assert "Look among all incidents" in found
    assert f"/incidents/{older}" in seat.get("/?state=closed").text
    assert f"/incidents/{older}" in seat.get("/fragments/board?state=closed").text


def test_incidents_are_told_to_those_who_were_asked(hub: Dashboards) -> None:
    own = take(hub, "k1", "235274", NOON)
    other = take(hub, "k2", "300002", NOON)
    assert column(table(browser(hub, "firm_admin"), "/incidents.csv?state=all")) == [own]
    assert column(table(browser(hub, "station"), "/incidents.csv?state=all")) == []
    assert column(table(browser(hub, "city"), "/incidents.csv?state=all")) == [own]
    every = column(table(browser(hub, "province_supervisor"), "/incidents.csv?state=all&sort=code"))
    assert every == [own, other]
    assert other not in browser(hub, "firm_admin").get("/?state=all").text


def lay_quarantine(hub: Dashboards) -> None:
    folder = hub.folder / "telemetry"
    folder.mkdir(parents=True, exist_ok=True)
    for day, topics in (
        ("2026-11-22", ["lift/v1/410100/G1/status", "lift/v1/410200/G2/status"]),
        ("2026-11-23", ["lift/v1/410100/G1/event", "kitchen/v1/410200/K/sensor"]),
    ):
        with closing(sqlite3.connect(folder / f"{day}.db")) as file, file:
            file.execute(QUARANTINE)
            for n, topic in enumerate(topics):
                at = datetime.fromisoformat(f"{day}T04:0{n}:00+00:00")
                reason = "bad_json" if n else "lift_unknown"
                file.execute(
                    "INSERT INTO quarantine (received_at_us, topic, reason, field, detail, raw)"
                    " VALUES (?, ?, ?, 'lift', '@SUM', ?)",
                    (us(at), topic, reason, b"{"),
                )


def test_quarantine_across_days(hub: Dashboards) -> None:
    lay_quarantine(hub)
    admin = browser(hub, "administrator")
    newest = [
        "kitchen/v1/410200/K/sensor",
        "lift/v1/410100/G1/event",
        "lift/v1/410200/G2/status",
        "lift/v1/410100/G1/status",
    ]
    rows = table(admin, "/quarantine.csv")
    assert column(rows, 1) == newest
    assert column(rows, 4) == ["'@SUM"] * 4
    assert column(table(admin, "/quarantine.csv?sort=received"), 1) == newest[::-1]
    assert column(table(admin, "/quarantine.csv?sort=topic"), 1) == sorted(newest)
    by_reason = column(table(admin, "/quarantine.csv?sort=-reason"), 1)
    assert by_reason == [newest[1], newest[3], newest[0], newest[2]]
    assert column(table(admin, "/quarantine.csv?reason=bad_json"), 1) == [newest[0], newest[2]]
    assert column(table(admin, "/quarantine.csv?q=g2"), 1) == [newest[2]]
    page = admin.get("/quarantine?q=g2").text
    assert "1 in all" in page
    assert column(table(browser(hub, "city"), "/quarantine.csv"), 1) == [newest[1], newest[3]]


def test_quarantine_in_parts_is_the_whole(hub: Dashboards) -> None:
    lay_quarantine(hub)
    reader = QuarantineReader(hub.folder / "telemetry")
    for order in ("received", "reason", "topic"):
        for descending in (True, False):
            whole, total = reader.keys(QuarantineFilter(), order, descending=descending, limit=10)
            parts = [
                reader.keys(
                    QuarantineFilter(), order, descending=descending, limit=1, offset=start
                )[0][0]
                for start in range(total)
            ]
            assert parts == list(whole)
            assert [kept.id for kept in reader.fetch(whole)] == list(whole)


def test_the_palette_reaches_what_the_account_may_see(hub: Dashboards) -> None:
    own = take(hub, "k1", "235274", NOON)
    other = take(hub, "k2", "300002", NOON)
    firm = browser(hub, "firm_admin").get("/fragments/palette").text
    assert f"/incidents/{own}" in firm
    assert other not in firm
    assert "/kitchens" not in firm
    assert "300002" not in browser(hub, "firm_admin").get("/fragments/palette?q=300002").text
    assert "/lifts/300002" in browser(hub, "dispatcher").get("/fragments/palette?q=300002").text
    assert "Nothing is called so" in browser(hub, "city").get("/fragments/palette?q=300002").text


def test_the_interface_lists_incidents_in_parts(hub: Dashboards) -> None:
    numbers = [take(hub, f"k{n}", f"30000{n}", NOON + timedelta(seconds=n)) for n in (1, 2, 3)]
    seat = hub.client(role=Role.DISPATCHER)
    told = seat.get("/api/v1/incidents?limit=1&offset=1").json()
    assert ([each["id"] for each in told["items"]], told["total"]) == ([numbers[1]], 3)
    assert seat.get("/api/v1/incidents?q=300003").json()["total"] == 1
    assert seat.get("/api/v1/incidents?state=closed").json()["total"] == 0
    assert seat.get("/api/v1/incidents?state=all").json()["total"] == 3
    assert hub.client(role=Role.FIRM_ADMIN).get("/api/v1/incidents?state=all").json()["total"] == 0


def test_a_citys_figures_are_its_own(hub: Dashboards) -> None:
    take(hub, "k1", "300001", NOON)
    page = browser(hub, "city").get("/").text
    assert '<div class="figure"><b>0</b><span>Running now</span></div>' in page
    page = browser(hub, "province_supervisor").get("/").text
    assert '<div class="figure"><b>1</b><span>Running now</span></div>' in page
