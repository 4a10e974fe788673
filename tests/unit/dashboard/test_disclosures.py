"""Persons' numbers are masked; who sees them whole stands in the journal."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from alerts.actions import act_on_incident
from alerts.commands import IncidentAction
from alerts.intake import open_incident
from alerts.ladder import Kind
from alerts.model import Intake, Source
from alerts.policy import PolicyBook
from core import journal
from core.journal import Recorded, Subject
from dashboard.access import ALLOWED, Action, Role
from dashboard.app import create_app
from tests.support.dashboards import NOON, TEST, Dashboards

OFFICER, CALLER = "139-0000-0003", "138-0000-0001"


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    return Dashboards(tmp_path)


def browser(hub: Dashboards, role: Role) -> tuple[TestClient, dict[str, str]]:
    client = TestClient(create_app(hub.context("staff")), headers={"Accept": "text/html"})
    return client, {"csrf": hub.sign_in(client, role)}


def shown(hub: Dashboards, kind: str, thing: str) -> list[Recorded]:
    subject = Subject("disclosure", f"{kind}/{thing}")
    return hub.database.read(lambda c: journal.history(c, subject))


@pytest.mark.parametrize("role", Role)
def test_a_safety_officers_number_is_shown_on_asking_and_journalled(
    hub: Dashboards, role: Role
) -> None:
    client, csrf = browser(hub, role)
    code = hub.lift.rescue_code
    assert (OFFICER in client.get(f"/lifts/{code}").text) is (role is Role.USE_UNIT)
    answer = client.post(f"/lifts/{code}/officer", data=csrf)
    may = Action.REVEAL_PHONE in ALLOWED[role]
    assert (answer.status_code, OFFICER in answer.text) == ((200, True) if may else (403, False))
    told = shown(hub, "lift", code)
    assert [each.entry.actor.id for each in told] == ([role.value] if may else [])
    assert [each.entry.personal for each in told] == [{"address": "testclient"}] * may


def test_a_seat_sees_callers_of_a_running_incident_and_later_only_on_asking(
    hub: Dashboards,
) -> None:
    call = Intake(
        event_key="k",
        kind=Kind.TRAPPED,
        source=Source.FORM,
        lift=hub.lift,
        reporter_phone=CALLER,
    )
    number = hub.database.write(
        lambda c: open_incident(c, call, PolicyBook(), NOON, TEST).incident_id
    )
    page = f"/incidents/{number}"
    seat, csrf = browser(hub, Role.DISPATCHER)
    for _ in range(3):
        assert CALLER in seat.get(page).text
    assert len(shown(hub, "incident", number)) == 1
    for role in (Role.PROVINCE_SUPERVISOR, Role.USE_UNIT, Role.FIRM_ADMIN):
        assert CALLER not in browser(hub, role)[0].get(page).text
    firm, own = browser(hub, Role.FIRM_ADMIN)
    assert CALLER not in firm.post(f"{page}/callers", data=own).text
    for action in (IncidentAction.FALSE_ALARM, IncidentAction.CLOSE):
        hub.database.write(
            lambda c, a=action: act_on_incident(c, number, a, NOON, TEST, text="示例")  # type: ignore[misc]
        )
    assert CALLER not in seat.get(page).text
    assert CALLER in seat.post(f"{page}/callers", data=csrf).text
    assert len(shown(hub, "incident", number)) == 2
