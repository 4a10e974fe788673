"""A use unit keeps its check-lists, confirms visits, and stops a lift and starts it again."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection
from starlette.testclient import TestClient

from dashboard.access import Role
from dashboard.app import create_app
from devices import commands, queries
from devices.maintenance import store, unit_commands
from devices.maintenance.shipped import check_lists
from devices.maintenance.use_unit_duties import UnitDuty
from tests.support.dashboards import NOON, TEST, Dashboards
from tests.support.maintenance import crew
from tests.support.maintenance_routes import ZONE


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    made = Dashboards(tmp_path)
    crew(made)

    def run_it(connection: Connection) -> None:
        commands.upsert_lift(connection, replace(made.lift, use_unit_id=1), NOON, TEST)

    made.database.write(run_it)
    return made


def page(hub: Dashboards, role: Role) -> tuple[TestClient, str]:
    client = TestClient(create_app(hub.context("staff")), follow_redirects=False)
    return client, hub.sign_in(client, role)


def fields(duty: UnitDuty, csrf: str, **more: str) -> dict[str, str]:
    points = check_lists().points[duty]
    return {"duty": duty, "csrf": csrf, **{f"point-{p.code}": "fine" for p in points}, **more}


def test_a_daily_control_counts_for_its_day_once(hub: Dashboards) -> None:
    unit, csrf = page(hub, Role.USE_UNIT)
    told = fields(UnitDuty.DAILY, csrf, lift="235274")
    assert unit.post("/maintenance/duties", data=told).status_code == 303
    again = unit.post("/maintenance/duties", data=told)
    assert (again.status_code, "本期记录已提交" in again.text) == (409, True)
    without = {name: value for name, value in told.items() if name != "point-D1"}
    assert "请逐项填写" in unit.post("/maintenance/duties", data=without).text
    wrong = told | {"point-D1": "not_fine"}
    assert "请写明发现的问题" in unit.post("/maintenance/duties", data=wrong).text
    hub.clock.advance(timedelta(days=3))
    hub.sign_in(unit, Role.USE_UNIT)
    assert "漏做 2 次" in unit.get("/maintenance/duties").text


def test_a_lift_is_stopped_and_started_again_with_reasons(hub: Dashboards) -> None:
    unit, _ = page(hub, Role.USE_UNIT)
    where = "/maintenance/lifts/235274/service"

    def move(event: str, reason: str = "示例：异响") -> int:
        csrf = hub.sign_in(unit, Role.USE_UNIT)
        sent = {"csrf": csrf, "event": event, "reason": reason}
        return unit.post(where, data=sent).status_code

    assert move("stop", "") == 422
    assert move("stop") == 303
    assert move("seal") == 403
    plan = hub.database.read(lambda c: store.plan_or_none(c, hub.lift.id))
    assert plan is not None
    assert (plan.service, plan.due_on is None) == ("stopped", False)
    hub.clock.advance(timedelta(days=4))
    lift = hub.database.read(lambda c: queries.lift_by_id(c, hub.lift.id))
    today = hub.clock.now().astimezone(ZONE).date()
    (daily,) = hub.database.read(
        lambda c: unit_commands.duty_states(c, 1, lift, today, NOON.astimezone(ZONE).date(), ZONE)
    )
    assert [each.first.day for each in daily.missed] == [23]  # nobody rode on the days after it
    assert move("lay_up") == 303
    plan = hub.database.read(lambda c: store.plan_or_none(c, hub.lift.id))
    assert plan is not None
    assert plan.due_on is None
    assert move("start_again") == 303
    plan = hub.database.read(lambda c: store.plan_or_none(c, hub.lift.id))
    assert plan is not None
    assert plan.due_on == plan.counts_from + timedelta(days=15)


@pytest.mark.parametrize(
    "path",
    [
        "/maintenance",
        "/maintenance/visits",
        "/maintenance/overview?by=street",
        "/maintenance/overview?by=firm",
        "/maintenance/overview.csv",
        "/maintenance/firms",
        "/maintenance/firms.csv",
        "/maintenance/lifts/235274",
    ],
)
def test_a_supervisor_sees_what_is_due_and_compares(hub: Dashboards, path: str) -> None:
    hub.clock.advance(timedelta(days=20))
    watcher, _ = page(hub, Role.PROVINCE_SUPERVISOR)
    answer = watcher.get(path)
    assert answer.status_code == 200
    if "overview" in path and "csv" not in path:
        assert "1 / 1" in answer.text
