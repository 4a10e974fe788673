"""A firm's own system hands visits in, and everybody sees what is theirs."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboard.access import Role
from devices.maintenance.period import Period
from tests.support.dashboards import Dashboards
from tests.support.maintenance import JPEG, crew, visit

BASE = "/api/v1/maintenance"


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    made = Dashboards(tmp_path)
    crew(made)
    return made


@pytest.fixture
def firm(hub: Dashboards) -> TestClient:
    return hub.client(role=Role.FIRM_ADMIN)


@pytest.fixture
def photo(hub: Dashboards, firm: TestClient) -> str:
    answer = firm.post(f"{BASE}/lifts/{hub.lift.rescue_code}/photos", content=JPEG)
    assert answer.status_code == 201
    digest = answer.json()["digest"]
    assert isinstance(digest, str)
    return digest


def keyed(key: str = "visit-0001") -> dict[str, str]:
    return {"Idempotency-Key": key}


def test_from_plan_to_a_confirmed_visit(hub: Dashboards, firm: TestClient, photo: str) -> None:
    (due,) = firm.get(f"{BASE}/due?state=all").json()["items"]
    assert (due["period"], due["due_on"], due["days_left"]) == ("half_month", "2026-12-08", 15)
    assert due["visit_state"] == "planned"
    assert firm.post(f"{BASE}/visits/{due['visit_id']}/start").json()["state"] == "started"
    told = visit(hub, photo)
    done = firm.post(f"{BASE}/records", json=told, headers=keyed())
    assert done.status_code == 201, done.text
    body = done.json()
    assert (body["visit_id"], body["seq"], body["state"]) == (due["visit_id"], 1, "submitted")
    assert (body["next_due"], body["again"], body["sandbox"]) == ("2026-12-08", False, False)
    unit = hub.client(role=Role.ADMINISTRATOR)
    confirmed = unit.post(f"{BASE}/visits/{due['visit_id']}/confirm")
    assert confirmed.json()["state"] == "confirmed"
    kinds = [each["kind"] for each in firm.get(f"{BASE}/records?lift=235274").json()["items"]]
    assert kinds == ["confirmation", "visit"]


def test_the_same_key_makes_one_record(hub: Dashboards, firm: TestClient, photo: str) -> None:
    told = visit(hub, photo)
    first = firm.post(f"{BASE}/records", json=told, headers=keyed())
    hub.clock.advance(timedelta(minutes=3))
    later = told | {"sent_at": hub.clock.now().isoformat()}
    again = firm.post(f"{BASE}/records", json=later, headers=keyed())
    assert (again.status_code, again.json()["again"]) == (200, True)
    assert again.json()["record_id"] == first.json()["record_id"]
    other = firm.post(f"{BASE}/records", json=told | {"hazards": ["S7"]}, headers=keyed())
    assert (other.status_code, other.json()["reason"]) == (409, "key_reused")
    assert firm.get(f"{BASE}/records?lift=235274").json()["total"] == 1


def test_everything_wrong_is_told_at_once(hub: Dashboards, firm: TestClient, photo: str) -> None:
    told = visit(hub, "0" * 64, workers=["W1", "W9"], hazards=[])
    refused = firm.post(f"{BASE}/records", json=told, headers=keyed())
    assert refused.status_code == 422
    reasons = {(each["field"], each["reason"]) for each in refused.json()["errors"]}
    assert ("workers[W9]", "not_of_the_firm") in reasons
    assert ("hazards", "missing") in reasons
    assert {"photo_unknown"} <= {reason for _, reason in reasons}
    assert firm.get(f"{BASE}/records?lift=235274").json()["total"] == 0


def test_a_deeper_visit_resets_the_shallower(hub: Dashboards, firm: TestClient, photo: str) -> None:
    told = visit(hub, photo, period=Period.QUARTER)
    assert firm.post(f"{BASE}/records", json=told, headers=keyed()).status_code == 201
    plan = firm.get(f"{BASE}/lifts/235274").json()
    assert (plan["last_on"], plan["due_on"]) == ("2026-11-23", "2026-12-08")


def test_an_amendment_is_a_new_record_and_wants_a_new_confirmation(
    hub: Dashboards, firm: TestClient, photo: str
) -> None:
    first = firm.post(f"{BASE}/records", json=visit(hub, photo), headers=keyed()).json()
    unit = hub.client(role=Role.ADMINISTRATOR)
    unit.post(f"{BASE}/visits/{first['visit_id']}/confirm")
    told = visit(hub, photo, hazards=["S5"], why="示例：漏报隐患")
    del told["lift_code"]
    where = f"{BASE}/records/{first['record_id']}/amendments"
    amended = firm.post(where, json=told, headers=keyed("amend-0001"))
    assert amended.status_code == 201, amended.text
    assert amended.json()["state"] == "submitted"
    assert amended.json()["seq"] == 3
    superseded = firm.post(where, json=told, headers=keyed("amend-0002"))
    assert superseded.json()["reason"] == "superseded"
    (newest, *_) = firm.get(f"{BASE}/records?lift=235274").json()["items"]
    assert (newest["amends"], newest["why"]) == (first["record_id"], "示例：漏报隐患")


def test_a_disputed_visit_moves_no_due_day(hub: Dashboards, firm: TestClient, photo: str) -> None:
    hub.clock.advance(timedelta(days=10))
    told = visit(hub, photo, next_on=date(2026, 12, 15))
    done = firm.post(f"{BASE}/records", json=told, headers=keyed()).json()
    assert done["next_due"] == "2026-12-18"
    unit = hub.client(role=Role.ADMINISTRATOR)
    at = f"{BASE}/visits/{done['visit_id']}"
    assert unit.post(f"{at}/dispute", json={"reason": ""}).json()["reason"] == "reason_missing"
    unit.post(f"{at}/dispute", json={"reason": "示例：没有来过"})
    assert firm.get(f"{BASE}/lifts/235274").json()["due_on"] == "2026-12-08"
    unit.post(f"{at}/withdraw", json={"reason": "示例：看错日期"})
    assert firm.get(f"{BASE}/lifts/235274").json()["due_on"] == "2026-12-18"
    watcher = hub.client(role=Role.PROVINCE_SUPERVISOR)
    assert watcher.post(f"{at}/reject", json={"reason": "示例"}).json()["state"] == "rejected"


def test_pictures_are_what_they_say_and_of_one_lift(
    hub: Dashboards, firm: TestClient, photo: str
) -> None:
    where = f"{BASE}/lifts/{hub.lift.rescue_code}/photos"
    assert firm.get(f"{where}/{photo}").content == JPEG
    assert firm.post(where, content=b"<svg/>").json()["reason"] == "not_a_picture"
    assert firm.post(where, content=JPEG + b"x" * 250_000).status_code in {413, 422}
    assert firm.get(f"{where}/{'0' * 64}").status_code == 404
    assert hub.client().get(f"{where}/{photo}").status_code == 401
    assert hub.client(role=Role.STATION).get(f"{where}/{photo}").status_code == 403


def test_who_may_hand_in_and_confirm(hub: Dashboards, firm: TestClient, photo: str) -> None:
    told = visit(hub, photo)
    for role in (Role.PROVINCE_SUPERVISOR, Role.STATION, Role.DISPATCHER):
        refused = hub.client(role=role).post(f"{BASE}/records", json=told, headers=keyed())
        assert refused.status_code == 403
    done = firm.post(f"{BASE}/records", json=told, headers=keyed()).json()
    assert firm.post(f"{BASE}/visits/{done['visit_id']}/confirm").status_code == 403
