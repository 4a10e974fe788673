"""The audit page: who sees which entries, narrowed, per subject, and as a file."""

from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from alerts.intake import open_incident
from alerts.ladder import Kind
from alerts.model import Intake, Source
from alerts.policy import PolicyBook
from alerts.verbs import Verb
from dashboard import tables
from dashboard.access import Role
from dashboard.app import create_app
from dashboard.web import labels
from dashboard.web.list_audit import did
from devices.maintenance.stopping import ServiceEvent
from devices.maintenance.visit import VisitEvent
from tests.support.dashboards import NOON, TEST, Dashboards


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    return Dashboards(tmp_path)


def browser(hub: Dashboards, role: Role) -> TestClient:
    client = TestClient(
        create_app(hub.context("staff")), headers={"Accept": "text/html", "Accept-Language": "en"}
    )
    hub.sign_in(client, role)
    return client


def test_an_entry_says_who_and_from_where_and_is_found_by_its_subject(hub: Dashboards) -> None:
    client = browser(hub, Role.ADMINISTRATOR)
    client.post("/password", data={"old": "x", "new": "y", "again": "z"})
    page = client.get("/audit?kind=account&q=administrator").text
    assert "signed_in" in page or "Signed in" in page
    assert "/audit?kind=account&amp;q=administrator" in page
    assert (
        "dispatcher"
        not in client.get("/audit?kind=account&q=administrator").text.split('id="list"')[1]
    )
    assert "No entry matches" in client.get("/audit?verb=never").text
    file = client.get("/audit.csv?kind=account")
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "administrator" in file.text


def test_a_citys_shift_leader_sees_the_incidents_there_and_nothing_else(hub: Dashboards) -> None:
    call = Intake(event_key="k", kind=Kind.TRAPPED, source=Source.FORM, lift=hub.lift)
    number = hub.database.write(
        lambda c: open_incident(c, call, PolicyBook(), NOON, TEST).incident_id
    )
    a = tables.account.c
    for area, seen in (("410100", True), ("410200", False)):
        hub.database.write(
            lambda c, code=area: (
                c.execute(  # type: ignore[misc]
                    update(tables.account).where(a.name == Role.SHIFT_LEADER).values(area=code)
                ).rowcount
            )
        )
        rows = browser(hub, Role.SHIFT_LEADER).get("/audit").text.split('id="list"')[1]
        assert (number in rows) is seen
        assert "kind=account" not in rows


def test_what_happened_has_words_in_both_languages(hub: Dashboards) -> None:
    told = [
        *(str(each) for each in Verb),
        *(f"visit.{each}" for each in VisitEvent),
        *(f"service.{each}" for each in ServiceEvent),
        "lift.kept",
        "lifts.imported",
        "record.appended",
        "duty.kept",
    ]
    for locale in ("zh", "en"):
        named = labels.of(locale)
        for verb in told:
            first, _, rest = verb.rpartition(".")
            assert named.known("verb", rest), verb
            assert not first or named.known("subject_kind", first), verb
            assert verb not in did(named, verb), (locale, verb)
    page = browser(hub, Role.ADMINISTRATOR).get("/audit?kind=account&q=technician").text
    assert '<span class="muted">Role</span> Technician' in page
