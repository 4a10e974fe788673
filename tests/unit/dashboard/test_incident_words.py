"""What the pages of an incident say: who must be telephoned, what was sent, whose name is shown."""

from functools import partial
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from alerts import queries
from alerts.actions import IncidentAction
from alerts.assignment import AssignmentAction
from alerts.commands import act_on_assignment, act_on_incident, open_incident
from alerts.courier import Courier
from alerts.ladder import Kind
from alerts.model import Intake, Source
from alerts.notify.log_sender import LogSender
from alerts.policy import PolicyBook
from core.journal import Actor
from dashboard.access import Role
from dashboard.app import create_app
from dashboard.web import labels, masks
from tests.support.dashboards import NOON, Dashboards

SEAT = Actor("account", Role.DISPATCHER.value)


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    return Dashboards(tmp_path)


def opened(hub: Dashboards) -> str:
    """Somebody is injured; a caller told it; neither the firm nor public rescue has a screen."""
    intake = Intake(
        event_key="k1",
        kind=Kind.TRAPPED,
        source=Source.FORM,
        lift=hub.lift,
        injured=True,
        reporter_name="示例来电人",
        reporter_phone="00012345678",
    )
    work = partial(open_incident, intake=intake, policies=PolicyBook(), now=NOON, actor=SEAT)
    return hub.database.write(work).incident_id


def crew(hub: Dashboards, assignment: int, *actions: AssignmentAction) -> None:
    for action in actions:
        step = partial(act_on_assignment, assignment_id=assignment, action=action)
        hub.database.write(partial(step, now=NOON, actor=SEAT, proof="phone"))


def seat(hub: Dashboards, number: str, *actions: IncidentAction) -> None:
    for action in actions:
        step = partial(act_on_incident, incident_id=number, action=action, code="101")
        hub.database.write(partial(step, now=NOON, actor=SEAT))


def page(hub: Dashboards, address: str, role: Role = Role.DISPATCHER, language: str = "en") -> str:
    client = TestClient(create_app(hub.context("staff")))
    hub.sign_in(client, role)
    client.cookies.set("hub_locale", language)
    return client.get(address, headers={"Accept": "text/html"}).text


def test_whom_no_message_reaches_is_to_be_telephoned(hub: Dashboards) -> None:
    number = opened(hub)
    shown = page(hub, f"/incidents/{number}")
    assert shown.count("Please telephone") == 2
    assert 'href="tel:119"' in shown
    assert "请电话通知 示例维保公司" in page(hub, f"/incidents/{number}", language="zh")
    firm, public = hub.database.read(partial(queries.incident, incident_id=number)).assignments
    crew(hub, firm.id, AssignmentAction.ACCEPT)
    told = hub.database.read(partial(queries.incident, incident_id=number)).to_telephone
    assert [a.id for a in told] == [public.id]


def test_a_notice_in_the_log_is_not_called_sent(hub: Dashboards) -> None:
    number = opened(hub)
    Courier(hub.database, {"log": LogSender()}, hub.clock).run_once()
    shown = page(hub, f"/incidents/{number}", language="zh")
    assert '<span class="chip unknown">只写入日志（未外发）</span>' in shown
    assert labels.of("zh")("notice", "sent") not in shown


def test_a_rung_that_was_met_is_no_missed_deadline_and_people_have_names(hub: Dashboards) -> None:
    shown = page(hub, f"/incidents/{opened(hub)}").partition("Timeline")[2]
    assert "Dispatch begun" in shown
    assert "Deadline passed" not in shown
    assert "示例 dispatcher" in shown


def test_the_board_names_who_rescued(hub: Dashboards) -> None:
    number = opened(hub)
    firm = hub.database.read(partial(queries.incident, incident_id=number)).assignments[0]
    crew(hub, firm.id, AssignmentAction.ACCEPT, AssignmentAction.ARRIVE, AssignmentAction.FINISH)
    seat(hub, number, IncidentAction.CONFIRM, IncidentAction.CAUSE, IncidentAction.CLOSE)
    shown = page(hub, "/?state=closed")
    assert "示例维保公司" in shown
    assert "119 消防救援" not in shown


def test_a_caller_is_named_only_where_it_is_needed(hub: Dashboards) -> None:
    number = opened(hub)
    caller = ("示例来电人", "00012345678")
    assert all(told in page(hub, f"/incidents/{number}") for told in caller)
    supervisor = page(hub, f"/incidents/{number}", Role.PROVINCE_SUPERVISOR)
    assert "示** 000****78" in supervisor
    assert not any(told in supervisor for told in caller)
    firm = page(hub, f"/incidents/{number}", Role.FIRM_ADMIN)
    assert not any(told in firm for told in (*caller, "示**"))
    seat(hub, number, IncidentAction.FALSE_ALARM, IncidentAction.CLOSE)
    closed = page(hub, f"/incidents/{number}")
    assert not any(told in closed for told in caller)


@pytest.mark.parametrize(
    ("phone", "masked"), [("", ""), ("119", "****"), ("123456", "****"), ("1234567", "123****67")]
)
def test_a_short_number_shows_nothing(phone: str, masked: str) -> None:
    assert masks.phone(phone) == masked
    assert masks.name("") == ""
