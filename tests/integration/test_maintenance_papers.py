"""Contracts, certificates, inspections, drills and random checks as people work with them."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection
from starlette.testclient import TestClient

from core import journal
from core.journal import Subject
from dashboard.access import Role
from dashboard.app import create_app
from devices import commands, contract_queries, handing_over, queries, register_commands
from devices import register_queries as papers
from devices.hand_overs import HandOvers
from devices.handing_over import Wish
from devices.maintenance import drills, random_commands
from devices.maintenance import queries as log
from devices.maintenance.ladder import Ladder
from devices.maintenance.queries import Sight
from devices.maintenance.reminders import drill_due
from devices.model import MaintenanceFirm
from devices.register_model import (
    Contract,
    Division,
    Inspection,
    InspectionKind,
    InspectionResult,
    Team,
)
from tests.support.dashboards import NOON, TEST, Dashboards
from tests.support.maintenance import JPEG, crew, visit
from tests.support.maintenance_routes import ZONE, rules

PAGES = "/maintenance"
TODAY = date(2026, 11, 23)
MONTH_END = date(2026, 11, 30)


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    made = Dashboards(tmp_path)
    crew(made)

    def more(connection: Connection) -> None:
        firm = MaintenanceFirm(0, "F2", "示例第二维保公司", "000-0029")
        commands.upsert_firm(connection, firm, NOON, TEST)
        signed = Contract(0, made.lift.id, made.lift.firm_id or 0, "C-1", date(2026, 1, 1))
        register_commands.sign_contract(connection, signed, NOON, TEST)
        for code, zh, en in (("410100", "示例市", "Sample City"), ("410105", "示例区", "")):
            register_commands.upsert_division(connection, Division(code, zh, en), NOON, TEST)

    made.database.write(more)
    return made


def page(hub: Dashboards, role: Role) -> tuple[TestClient, str]:
    client = TestClient(create_app(hub.context("staff")), follow_redirects=False)
    return client, hub.sign_in(client, role)


def second(hub: Dashboards) -> int:
    return hub.database.read(lambda c: queries.firm_by_code(c, "F2")).id


def first_code(hub: Dashboards) -> str:
    return hub.database.read(lambda c: queries.firm_by_id(c, hub.lift.firm_id or 0)).code


def test_a_hand_over_is_looked_at_confirmed_and_takes_effect_on_its_day(hub: Dashboards) -> None:
    admin, csrf = page(hub, Role.ADMINISTRATOR)
    told = {"csrf": csrf, "from": first_code(hub), "to": "F2", "on": "2026-11-25", "number": "C-2"}
    looked = admin.post(f"{PAGES}/hand-over/preview", data=told)
    assert looked.status_code == 200
    assert hub.lift.rescue_code in looked.text
    assert "示例区" in looked.text
    assert len(hub.database.read(lambda c: papers.contracts(c, hub.lift.id))) == 1  # nothing yet
    changed = admin.post(f"{PAGES}/hand-over", data={**told, "agreed": "2"})
    assert (changed.status_code, "请重新核对" in changed.text) == (409, True)
    assert "：1 台" in admin.post(f"{PAGES}/hand-over", data={**told, "agreed": "1"}).text
    before, after = hub.database.read(lambda c: papers.contracts(c, hub.lift.id))
    assert (before.ends_on, after.starts_on) == (date(2026, 11, 24), date(2026, 11, 25))
    movers = HandOvers(hub.database, hub.clock, ZONE), Ladder(hub.database, hub.clock, rules())
    for each in movers:
        while each.run_once():
            pass
    assert hub.database.read(lambda c: queries.lift_by_id(c, hub.lift.id)).firm_id != second(hub)
    hub.clock.advance(timedelta(days=2))
    for each in movers:
        while each.run_once():
            pass
    assert hub.database.read(lambda c: queries.lift_by_id(c, hub.lift.id)).firm_id == second(hub)
    (coming,) = hub.database.read(lambda c: log.coming(c, [hub.lift.id])).values()
    assert coming.firm_id == second(hub)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"to": ""}, "请填写完整"),
        ({"on": "2026-11-20"}, "不在允许范围内"),
        ({"number": " "}, "请填写完整"),
    ],
)
def test_a_hand_over_that_cannot_be_says_why(
    hub: Dashboards, changed: dict[str, str], words: str
) -> None:
    admin, csrf = page(hub, Role.ADMINISTRATOR)
    told = {"csrf": csrf, "from": first_code(hub), "to": "F2", "on": "2026-11-25", "number": "C-2"}
    answer = admin.post(f"{PAGES}/hand-over/preview", data=told | changed)
    assert (answer.status_code, words in answer.text) == (422, True)


def test_lifts_that_stay_are_named_with_the_reason(hub: Dashboards) -> None:
    wish = Wish(from_firm=hub.lift.firm_id or 0, to_firm=second(hub), on=TODAY, number="C-9")
    later = Contract(0, hub.lift.id, second(hub), "C-8", date(2027, 1, 1))

    def sign(connection: Connection) -> None:
        (held,) = papers.contracts(connection, hub.lift.id)
        register_commands.end_contract(
            connection, held.id, date(2026, 12, 31), "示例", NOON, TEST, today=TODAY
        )
        register_commands.sign_contract(connection, later, NOON, TEST)

    hub.database.write(sign)
    found = hub.database.read(lambda c: handing_over.outlook(c, Sight(), wish, TODAY))
    assert not found.lifts
    assert [each.reason for each in found.refused] == ["later_contract"]


def test_a_contract_is_ended_with_a_reason_that_the_journal_keeps(hub: Dashboards) -> None:
    admin, csrf = page(hub, Role.ADMINISTRATOR)
    (held,) = hub.database.read(lambda c: papers.contracts(c, hub.lift.id))
    at = f"{PAGES}/contracts/{held.id}"
    assert "终止合同" in admin.get(at).text
    refused = admin.post(f"{at}/end", data={"csrf": csrf, "last": "2026-11-30"})
    assert (refused.status_code, "请写明原因" in refused.text) == (422, True)
    told = {"csrf": csrf, "last": "2026-11-30", "reason": "示例：单位注销"}
    assert admin.post(f"{at}/end", data=told).status_code == 303
    assert "2026-11-30" in admin.get(at).text
    chain = hub.database.read(lambda c: journal.history(c, Subject("registry", "contract")))
    assert (chain[-1].entry.verb, chain[-1].entry.reason) == ("contract.ended", "示例：单位注销")
    firm, _ = page(hub, Role.FIRM_ADMIN)
    assert "终止合同" not in firm.get(at).text
    assert firm.get(f"{PAGES}/contracts?state=ending").text.count("C-1") == 1
    assert "C-1" not in firm.get(f"{PAGES}/contracts?state=ended").text
    row = firm.get(f"{PAGES}/contracts.csv").text.splitlines()[1]
    assert row.startswith("C-1,235274,")
    assert row.endswith("2026-01-01,2026-11-30,即将到期")


def test_states_of_contracts_follow_the_day(hub: Dashboards) -> None:
    ids = hub.database.read(
        lambda c: contract_queries.contract_ids(
            c,
            contract_queries.ContractFilter(
                sight=Sight(firm_id=second(hub)), today=TODAY, soon=TODAY
            ),
            limit=9,
        )
    )
    assert ids == []  # another firm's contract is nobody else's business


def test_certificates_are_listed_by_their_end(hub: Dashboards) -> None:
    firm, _ = page(hub, Role.FIRM_ADMIN)
    hub.database.write(
        lambda c: register_commands.upsert_team(
            c, Team(0, hub.lift.firm_id or 0, "T1", "示例一班"), NOON, TEST
        )
    )
    listed = firm.get(f"{PAGES}/workers")
    assert listed.text.index("示例工人 W1") < listed.text.index("示例工人 W2")
    assert "有效" in listed.text
    assert "没有符合条件的人员" in firm.get(f"{PAGES}/workers?state=ended").text
    hub.clock.advance(timedelta(days=400))
    hub.sign_in(firm, Role.FIRM_ADMIN)
    assert "即将到期" in firm.get(f"{PAGES}/workers?state=ending").text
    assert "W2" in firm.get(f"{PAGES}/workers.csv?q=W2").text


def test_inspections_due_are_listed_with_the_last_one(hub: Dashboards) -> None:
    district, _ = page(hub, Role.DISTRICT_SUPERVISOR)
    assert "未知" in district.get(f"{PAGES}/inspections?state=unknown").text
    done = Inspection(
        0,
        hub.lift.id,
        InspectionKind.SUPERVISION,
        date(2025, 10, 12),
        InspectionResult.PASSED,
        "示例检验院",
        "R-1",
    )

    def keep(connection: Connection) -> None:
        register_commands.keep_inspection(connection, done, NOON, TEST)

    hub.database.write(keep)
    ladder = Ladder(hub.database, hub.clock, rules())
    while ladder.run_once():
        pass
    overdue = district.get(f"{PAGES}/inspections?state=overdue")
    assert "已逾期 23 天" in overdue.text or "23" in overdue.text
    assert "安装监督检验" in overdue.text
    assert "2026-10-31" in district.get(f"{PAGES}/inspections.csv").text


def test_a_drill_is_recorded_once_a_half_year(hub: Dashboards) -> None:
    unit, csrf = page(hub, Role.USE_UNIT)
    at = f"{PAGES}/drills/{hub.lift.use_unit_id}"
    told = {"csrf": csrf, "on": "2026-11-20", "people": "12", "course": "示例：困人救援"}
    for wrong, words in (
        ({"people": "0"}, "请填写完整"),
        ({"on": "2026-12-20"}, "不在允许范围内"),
        ({"course": " "}, "请填写完整"),
    ):
        refused = unit.post(at, data=told | wrong)
        assert (refused.status_code, words in refused.text) == (422, True), wrong
    assert unit.post(at, data=told | {"lift": "235274"}).status_code == 303
    assert "示例：困人救援" in unit.get(at).text
    watching, _ = page(hub, Role.DISTRICT_SUPERVISOR)
    assert "2027-05-20" in watching.get(f"{PAGES}/drills").text
    assert "没有符合条件" in watching.get(f"{PAGES}/drills?state=overdue").text
    hub.clock.advance(timedelta(days=190))
    hub.sign_in(watching, Role.DISTRICT_SUPERVISOR)
    assert "示例物业" in watching.get(f"{PAGES}/drills?state=overdue").text
    assert "示例物业" in watching.get(f"{PAGES}/drills.csv?state=overdue").text


@pytest.mark.parametrize("last", [date(2026, 8, 31), date(2026, 2, 28), date(2026, 5, 15)])
def test_who_is_overdue_by_the_list_is_so_by_the_rule(last: date) -> None:
    due = drill_due(last)
    assert last > drills._over_since(due)
    assert last <= drills._over_since(due + timedelta(days=1))


def test_visits_are_drawn_and_looked_at_once(hub: Dashboards) -> None:
    firm = hub.client(role=Role.FIRM_ADMIN)
    watching, csrf = page(hub, Role.DISTRICT_SUPERVISOR)
    days = {"csrf": csrf, "since": "2026-11-01", "until": "2026-11-23", "count": "5"}
    refused = watching.post(f"{PAGES}/random-checks", data=days)
    assert (refused.status_code, "没有已完成的维保" in refused.text) == (422, True)
    photo = firm.post("/api/v1/maintenance/lifts/235274/photos", content=JPEG).json()["digest"]
    key = {"Idempotency-Key": "visit-0001"}
    done = firm.post("/api/v1/maintenance/records", json=visit(hub, photo), headers=key)
    assert done.status_code == 201, done.text
    drawn = watching.post(f"{PAGES}/random-checks", data=days)
    assert drawn.status_code == 303
    at = drawn.headers["location"]
    made = hub.database.read(lambda c: random_commands.draw_of(c, "410105", at.rsplit("/", 1)[1]))
    assert (made.drawn, made.among, made.looked_at) == (1, 1, 0)
    assert made.seed in watching.get(at).text
    result = f"{at}/{done.json()['visit_id']}"
    without = watching.post(result, data={"csrf": csrf, "result": "defects"})
    assert (without.status_code, "请写明" in without.text) == (422, True)
    told = {"csrf": csrf, "result": "defects", "note": "示例：油杯缺油"}
    assert watching.post(result, data=told).status_code == 303
    again = watching.post(result, data=told)
    assert (again.status_code, "已登记过结果" in again.text) == (409, True)
    assert "示例：油杯缺油" in watching.get(f"{at}/visits.csv").text
    assert "示例区" in watching.get(f"{PAGES}/random-checks.csv").text


def test_a_visit_is_put_on_another_day_with_a_reason(hub: Dashboards) -> None:
    firm, csrf = page(hub, Role.FIRM_ADMIN)
    (coming,) = hub.database.read(lambda c: log.coming(c, [hub.lift.id])).values()
    at = f"{PAGES}/visits/{coming.id}"
    assert "改期" in firm.get(at).text
    told = {"csrf": csrf, "planned_on": "2026-11-27"}
    assert firm.post(f"{at}/reschedule", data=told).status_code == 422
    late = firm.post(f"{at}/reschedule", data={**told, "planned_on": "2027-01-01", "reason": "例"})
    assert (late.status_code, "不得晚于到期日" in late.text) == (422, True)
    assert firm.post(f"{at}/reschedule", data={**told, "reason": "示例"}).status_code == 303
    assert "2026-11-27" in firm.get(at).text


def test_places_have_their_names(hub: Dashboards) -> None:
    admin, _ = page(hub, Role.ADMINISTRATOR)
    lifts = admin.get("/lifts").text
    assert "示例区" in lifts
    assert "Sample City" in admin.get("/lifts", headers={"Accept-Language": "en"}).text
    assert "示例区" in admin.get("/lifts.csv").text
    assert "示例市" in admin.get("/accounts").text
    assert ">410105<" not in admin.get("/incidents/new").text


def test_the_papers_are_had_by_programs_too(hub: Dashboards) -> None:
    firm, base = hub.client(role=Role.FIRM_ADMIN), "/api/v1/maintenance"
    (contract,) = firm.get(f"{base}/contracts?state=in_force").json()["items"]
    assert (contract["number"], contract["lift"], contract["ends_on"]) == ("C-1", "235274", None)
    assert firm.get(f"{base}/workers?state=valid").json()["total"] == 2
    assert firm.get(f"{base}/inspections").json()["items"][0]["state"] == "unknown"
    at = f"{base}/drills/{hub.lift.use_unit_id}"
    told = {"on": "2026-11-20", "people": 5, "course": "示例", "lift": "235274"}
    done = firm.post(at, json=told)
    assert (done.status_code, done.json()["due_on"]) == (201, "2027-05-20")
    assert firm.get(f"{base}/drills").json()["items"][0]["last_on"] == "2026-11-20"
    assert firm.post(f"{base}/drills/999", json=told).status_code == 404
    assert firm.post(at, json=told | {"on": "2027-01-01"}).json()["reason"] == "out_of_range"
