"""The audit page: who sees which entries, narrowed, per subject, and as a file."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from alerts.intake import open_incident
from alerts.ladder import Kind
from alerts.model import Intake, Source
from alerts.policy import PolicyBook
from alerts.verbs import Verb
from core.journal import Actor
from dashboard import tables
from dashboard.access import Role
from dashboard.app import create_app
from dashboard.web import labels
from dashboard.web.audit_words import AuditWords
from devices.maintenance import drills
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
        "drill.kept",
        "check.drawn",
        "contract.ended",
        "plan.fell_back",
        "trial.begun",
    ]
    for locale in ("zh", "en"):
        named = labels.of(locale)
        for verb in told:
            first, _, rest = verb.rpartition(".")
            assert named.known("verb", rest), verb
            assert not first or named.known("subject_kind", first), verb
            words = AuditWords(named, str, ZoneInfo("UTC"), {}, {})
            assert verb not in words.did(verb), (locale, verb)
    page = browser(hub, Role.ADMINISTRATOR).get("/audit?kind=account&q=technician").text
    assert '<span class="muted">Role</span> Technician' in page


def test_values_and_subjects_are_told_in_words(hub: Dashboards) -> None:
    words = AuditWords(
        labels.of("en"), lambda _: "Sample District", ZoneInfo("Asia/Shanghai"), {}, {}
    )
    for verb, name, value, told in (
        ("opened", "kind", "trapped", "Trapped"),
        ("alarm_raised", "severity", "minor", "Minor"),
        ("account_moved", "area", "410105", "Sample District"),
        ("rung", "due_at", "2026-11-23T04:00:00+00:00", "2026-11-23 12:00:00"),
        ("plan.fell_back", "reasons", "contract_ended, never_visited", None),
        ("lift.kept", "outcome", "inserted", "new"),
        ("offered", "target", "示例维保公司", "示例维保公司"),
        ("lift.kept", "due_at", "soon", "soon"),
    ):
        assert words.value(verb, name, value) == (
            told or "On-demand maintenance has ended, No visit is known"
        )
    unit = hub.lift.use_unit_id or 0
    hub.database.write(
        lambda c: drills.record_drill(
            c, unit, NOON.date(), 3, "示例", NOON, Actor("system", "cli"), ZoneInfo("UTC")
        )
    )
    page = browser(hub, Role.ADMINISTRATOR).get(f"/audit?kind=use_unit&q={unit}").text
    assert "Use unit 示例物业" in page
    assert "command line" in page
    assert "Emergency drill: entered or changed" in page
