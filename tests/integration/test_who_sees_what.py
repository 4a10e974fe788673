"""Every route of the staff surface by every role: exactly the documented cells are open.

A route that is in no row fails here, so that nothing is added without saying who may see it. `Ours`
are the things of one city, one firm and one station; `theirs` those of another city and firm.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Connection, update
from sse_starlette import ServerSentEvent
from starlette.testclient import TestClient

from alerts import queries, refusals
from alerts import tables as alert_tables
from alerts.actions import act_on_incident, raise_level
from alerts.commands import IncidentAction
from alerts.findings import apply_finding
from alerts.intake import open_incident
from alerts.ladder import Kind
from alerts.model import Intake, Source
from alerts.policy import PolicyBook
from core import journal
from core.clock import SystemClock
from core.journal import Entry, Subject
from dashboard import tables as account_tables
from dashboard.access import ALLOWED, Action, Role, Scope
from dashboard.app import create_app
from dashboard.web import live
from devices import commands
from devices.calls import RefusedCall
from devices.findings import ConditionRaised, Severity
from devices.model import Camera, Kitchen, KitchenKind, Lift, MaintenanceFirm, SourceKind
from ingest.latest import LatestReader
from tests.support.dashboards import CAMERA, NOON, TEST, Dashboards

FAR = "外地"  # in the name and address of all that is theirs
Things = dict[str, str]


class Route(NamedTuple):
    """One route: what it needs (an action, any account, or nothing), of what, and what is sent."""

    method: str
    path: str
    needs: Action | str
    about: str = ""
    sent: Mapping[str, str] = {}
    query: str = ""


OPEN, ANYONE = "open", "signed in"
A = Action
ROUTES = (
    Route("GET", "/api/v1/openapi.json", OPEN),
    Route("GET", "/api/v1/docs", OPEN),
    Route("GET", "/health/live", OPEN),
    Route("GET", "/health/ready", OPEN),
    Route("GET", "/metrics", OPEN),
    Route("POST", "/language", OPEN, sent={"locale": "zh", "next": "/"}),
    Route("GET", "/sign-in", OPEN),
    Route("POST", "/sign-in", OPEN, sent={"name": "nobody", "password": "nothing"}),
    Route("GET", "/styleguide", ANYONE),
    Route("GET", "/password", ANYONE),
    Route("POST", "/password", ANYONE, sent={"old": "wrong", "new": "wrong", "again": "wrong"}),
    Route("GET", "/fragments/palette", ANYONE, query="q=" + FAR),
    Route("GET", "/", A.SEE_INCIDENTS, query="state=all"),
    Route("GET", "/fragments/board", A.SEE_INCIDENTS, query="state=all"),
    Route("GET", "/incidents.csv", A.SEE_INCIDENTS, query="state=all"),
    Route("GET", "/incidents/{incident_id}", A.SEE_INCIDENTS, "incident"),
    Route("GET", "/fragments/incident/{incident_id}", A.SEE_INCIDENTS, "incident"),
    Route("GET", "/incidents/{incident_id}/do/{verb}", A.SEE_INCIDENTS),
    Route("POST", "/incidents/{incident_id}/do/{verb}", A.ADD_NOTE, "incident", {"text": "示例"}),
    Route("GET", "/assignments/{assignment_id}/do/{step}", A.ANSWER_ASSIGNMENT, "assignment"),
    Route("POST", "/assignments/{assignment_id}/do/{step}", A.ANSWER_ASSIGNMENT, "assignment"),
    Route("GET", "/incidents/new", A.OPEN_INCIDENT),
    Route("GET", "/fragments/lift-card", A.OPEN_INCIDENT, query="lift_code={far_lift}"),
    Route("GET", "/fragments/lift-picks", A.OPEN_INCIDENT, query="place=" + FAR),
    Route("POST", "/incidents/new", A.OPEN_INCIDENT, sent={"lift_code": "{far_lift}"}),
    Route("POST", "/refused-calls/{line_id}/settled", A.OPEN_INCIDENT, "refused"),
    Route("GET", "/lifts", A.SEE_LIFTS),
    Route("GET", "/lifts.csv", A.SEE_LIFTS),
    Route("GET", "/lifts/{code}", A.SEE_LIFTS, "lift"),
    Route("GET", "/fragments/lift/{code}", A.SEE_LIFTS, "lift"),
    Route("GET", "/kitchens", A.SEE_KITCHENS),
    Route("GET", "/kitchens.csv", A.SEE_KITCHENS),
    Route("GET", "/kitchens/{code}", A.SEE_KITCHENS, "kitchen"),
    Route("GET", "/media/{camera_id}/snapshot.jpg", A.SEE_CAMERAS, "camera"),
    Route("GET", "/media/{camera_id}/{name}", A.SEE_CAMERAS, "camera"),
    Route("GET", "/quarantine", A.SEE_QUARANTINE),
    Route("GET", "/quarantine.csv", A.SEE_QUARANTINE),
    Route("POST", "/quarantine/asked", A.MEND_QUARANTINE, sent={"verb": "drop", "kept": "-"}),
    Route("GET", "/health", A.SEE_HEALTH),
    Route("GET", "/alarms", A.SEE_ALARMS),
    Route("GET", "/fragments/alarms", A.SEE_ALARMS),
    Route("GET", "/alarms.csv", A.SEE_ALARMS),
    Route("POST", "/alarms/acknowledge", A.ACKNOWLEDGE_ALARM, "alarm", {"event_id": "{alarm}"}),
    Route("GET", "/api/v1/alarms", A.SEE_ALARMS),
    Route("POST", "/api/v1/alarms/{event_id:path}/acknowledge", A.ACKNOWLEDGE_ALARM, "alarm"),
    Route("GET", "/live/board", A.SEE_INCIDENTS),
    Route("GET", "/live/incident/{incident_id}", A.SEE_INCIDENTS, "incident"),
    Route("GET", "/live/lift/{code}", A.SEE_LIFTS, "lift"),
    Route("GET", "/api/v1/incidents", A.SEE_INCIDENTS, query="state=all"),
    Route("POST", "/api/v1/incidents", A.OPEN_INCIDENT, sent={"lift_code": "{far_lift}"}),
    Route("GET", "/api/v1/incidents/{incident_id}", A.SEE_INCIDENTS, "incident"),
    Route(
        "POST",
        "/api/v1/incidents/{incident_id}/level",
        A.DIRECT_INCIDENT,
        "incident",
        {"level": "2", "reason": "示例"},
    ),
    Route(
        "POST",
        "/api/v1/incidents/{incident_id}/stand-down",
        A.DIRECT_INCIDENT,
        "incident",
        {"assignment": "{assignment}", "reason": "示例"},
    ),
    Route("POST", "/api/v1/incidents/{incident_id}/{verb}", A.ADD_NOTE, "incident", {"text": "例"}),
    Route("GET", "/api/v1/assignments", A.SEE_INCIDENTS),
    Route("GET", "/api/v1/assignments/{assignment_id}", A.SEE_INCIDENTS, "assignment"),
    Route("POST", "/api/v1/assignments/{assignment_id}/{step}", A.ANSWER_ASSIGNMENT, "assignment"),
    Route("GET", "/api/v1/lifts", A.SEE_LIFTS),
    Route("GET", "/api/v1/lifts/{code}", A.SEE_LIFTS, "lift"),
    Route("GET", "/api/v1/lifts/{code}/history", A.SEE_HISTORY, "lift", query="field=floor"),
    Route("GET", "/api/v1/kitchens", A.SEE_KITCHENS),
    Route("GET", "/api/v1/kitchens/{code}", A.SEE_KITCHENS, "kitchen"),
    Route("POST", "/api/v1/telemetry", A.SEND_TELEMETRY, sent={"items": "[]"}),
    Route("POST", "/sign-out", ANYONE),
)


@dataclass
class World:
    """A hub with ours and theirs, and a signed-in client of every role."""

    hub: Dashboards
    ours: Things
    theirs: Things
    clients: dict[Role, tuple[TestClient, str]] = field(default_factory=dict)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    hub = Dashboards(tmp_path)
    ours, theirs = hub.database.write(lambda c: _fill(c, hub))
    hub.database.write(_confine)
    made = World(hub, ours, theirs)
    with TestClient(create_app(hub.context("staff")), follow_redirects=False) as client:
        for role in Role:
            other = TestClient(client.app, follow_redirects=False, raise_server_exceptions=False)
            csrf = hub.sign_in(other, role)
            made.clients[role] = (other, csrf)
        yield made


def _confine(connection: Connection) -> None:
    """Dispatcher and supervisor look after one city; the administrator after all."""
    a = account_tables.account
    named = a.c.name.in_(["dispatcher", "supervisor"])
    connection.execute(update(a).where(named).values(area="410100"))


def _fill(connection: Connection, hub: Dashboards) -> tuple[Things, Things]:
    firm = commands.upsert_firm(
        connection, MaintenanceFirm(0, "F2", f"{FAR}维保公司", "000-0009"), NOON, TEST
    )
    far = replace(
        hub.lift,
        id=0,
        rescue_code="600001",
        registration_code="31104102002026600001",
        area="410200",
        district="410205",
        address=f"{FAR}路 6 号",
        firm_id=firm.id,
        position=None,
    )
    lift = commands.upsert_lift(connection, far, NOON, TEST)
    kitchen = Kitchen(
        id=0,
        code="K0002",
        name=f"{FAR}食堂",
        kind=KitchenKind.SCHOOL_CANTEEN,
        area="410200",
        district="410205",
        address=f"{FAR}路 7 号",
        operator=f"{FAR}学校",
        licence_number="示例-0002",
        grade="A",
        published=True,
        opens=time(7),
        closes=time(20),
    )
    kept = commands.upsert_kitchen(connection, kitchen, NOON, TEST)
    camera = Camera("K0002-1", kept.id, FAR, SourceKind.FILE, "x.mp4", published=True, enabled=True)
    commands.upsert_camera(connection, camera, NOON, TEST)
    ours = _things(connection, hub.lift, "K0001", CAMERA)
    theirs = _things(connection, lift, "K0002", "K0002-1")
    return ours, theirs


def _things(connection: Connection, lift: Lift, kitchen: str, camera: str) -> Things:
    call = Intake(event_key=lift.rescue_code, kind=Kind.TRAPPED, source=Source.FORM, lift=lift)
    number = open_incident(connection, call, PolicyBook(), NOON, TEST).incident_id
    if lift.area == "410100":  # our station is called as well
        raise_level(connection, number, 2, "示例", NOON, TEST)
    asked = queries.incident(connection, number).assignments
    where = FAR if lift.area == "410200" else "示例"
    topic = f"lift/v1/{lift.area}/G9-{lift.area}/call"
    refusals.tell(connection, RefusedCall(topic, "bad_json", "", where, NOON))
    line = refusals.lines(connection, NOON, None)[0]
    alarm = ConditionRaised(
        event_id=f"alarm/{lift.rescue_code}",
        subject_kind="lift",
        subject=lift.rescue_code,
        code="door.not_closing",
        severity=Severity.MINOR,
        since=NOON,
    )
    apply_finding(connection, alarm, PolicyBook(), NOON)
    return {
        "incident": number,
        "lift": lift.rescue_code,
        "kitchen": kitchen,
        "camera": camera,
        "assignment": str(asked[0].id),
        "station assignment": str(asked[-1].id),
        "refused": str(line.id),
        "alarm": alarm.event_id,
    }


def routes_of(routes: object, before: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of every route, of included routers too; static files have none."""
    for each in routes:  # type: ignore[attr-defined]
        if (inner := getattr(each, "original_router", None)) is not None:
            yield from routes_of(inner.routes, before + each.include_context.prefix)
        elif methods := getattr(each, "methods", None):
            yield from ((method, before + each.path) for method in methods - {"HEAD"})


def test_every_route_says_who_may_use_it(world: World) -> None:
    app = create_app(world.hub.context("staff"))
    known = [(row.method, row.path) for row in ROUTES]
    assert len(set(known)) == len(known)
    assert set(routes_of(app.routes)) == set(known)


def send(world: World, client: TestClient, csrf: str, row: Route, things: Things, role: str) -> int:
    """The status of one cell; what is answered names nothing of theirs to who may not see it."""
    crew = "station assignment" if role == Role.STATION else "assignment"
    path = (
        row.path.replace("{incident_id}", things["incident"])
        .replace("{assignment_id}", things[crew])
        .replace("{line_id}", things["refused"])
        .replace("{code}", things["kitchen" if row.about == "kitchen" else "lift"])
        .replace("{camera_id}", things["camera"])
        .replace("{event_id:path}", things["alarm"])
        .replace("{verb}", "note")
        .replace("{step}", "refuse")
        .replace("{name}", "index.m3u8")
    )
    fill = {
        "far_lift": world.theirs["lift"],
        "assignment": things["assignment"],
        "alarm": things["alarm"],
    }
    sent = {name: value.format(**fill) for name, value in row.sent.items()}
    address = f"{path}?{row.query.format(**fill)}"
    headers = {"X-CSRF-Token": csrf, "Accept": "application/json"}
    form = {} if path.startswith("/api/") else sent
    body = sent if path.startswith("/api/") and row.method == "POST" else None
    answer = client.request(row.method, address, headers=headers, data=form or None, json=body)
    if role != Role.ADMINISTRATOR and (row.about == "" or things is world.theirs):
        assert FAR not in answer.text.replace(f'value="{FAR}"', ""), (row, role)
        assert row.about or world.theirs["incident"] not in answer.text, (row, role)
    return int(answer.status_code)


def holds(status: int, wanted: int) -> bool:
    """Whether a status is what the table says; 200 stands for every answer to who may ask."""
    return status == wanted if wanted != 200 else status not in {401, 403, 404}


def wanted_of(row: Route, role: Role, *, ours: bool) -> int:
    """What the table says of one cell."""
    if isinstance(row.needs, Action) and row.needs not in ALLOWED[role]:
        return 403
    return 404 if row.about and not ours and role is not Role.ADMINISTRATOR else 200


# What is not 200 for who may ask: no picture was ever taken, no link sent, no such password.
AS_WELL = {
    ("GET", "/media/{camera_id}/snapshot.jpg"): 404,
    ("GET", "/media/{camera_id}/{name}"): 403,
    ("POST", "/sign-in"): 401,
}


@pytest.mark.parametrize("role", Role)
def test_exactly_the_documented_cells_are_open(world: World, role: Role) -> None:
    client, csrf = world.clients[role]
    wrong = []
    for row in ROUTES:
        for things in (world.theirs, world.ours):
            wanted = wanted_of(row, role, ours=things is world.ours)
            if row.path.startswith("/live/") and wanted == 200:
                continue  # a stream that does not end; see below
            if wanted == 200:
                wanted = AS_WELL.get((row.method, row.path), wanted)
            if row.path == "/sign-out" and things is world.ours:
                continue  # it is gone
            status = send(world, client, csrf, row, things, role)
            if not holds(status, wanted):
                wrong.append(f"{row.method} {row.path} {row.about}: {status}, not {wanted}")
    assert wrong == []


def test_nobody_sees_anything_without_an_account(world: World) -> None:
    client = TestClient(create_app(world.hub.context("staff")), follow_redirects=False)
    wrong = {}
    for row in ROUTES:
        status = send(world, client, "", row, world.ours, "")
        if row.needs == OPEN and not row.path.startswith(("/sign-in", "/metrics")):
            if status in {401, 403, 404}:
                wrong[row.path] = status
        elif row.needs != OPEN and status != 401:
            wrong[row.path] = status
    assert wrong == {}


def test_a_seat_cannot_tie_an_incident_to_a_lift_of_another_city(world: World) -> None:
    client, csrf = world.clients[Role.DISPATCHER]
    hub = world.hub
    call = Intake(
        event_key="where", kind=Kind.TRAPPED, source=Source.FORM, area="410100", place="示例"
    )
    number = hub.database.write(
        lambda c: open_incident(c, call, PolicyBook(), NOON, TEST).incident_id
    )
    for code, status in ((world.theirs["lift"], 404), (world.ours["lift"], 200)):
        answer = client.post(
            f"/api/v1/incidents/{number}/located",
            json={"lift_code": code},
            headers={"X-CSRF-Token": csrf},
        )
        assert answer.status_code == status, answer.text


def test_a_station_sees_the_lift_of_another_city_that_it_is_called_to(world: World) -> None:
    client, _ = world.clients[Role.STATION]
    assert client.get("/api/v1/lifts/600001").status_code == 404
    scope = Scope(station_id=1)

    def call(connection: Connection) -> None:
        a = alert_tables.assignment
        connection.execute(
            a.update()
            .where(a.c.incident_id == world.theirs["incident"])
            .values(target_kind="station", target_id=scope.station_id)
        )

    world.hub.database.write(call)
    assert client.get("/api/v1/lifts/600001").status_code == 200
    world.hub.database.write(
        lambda c: act_on_incident(
            c, world.theirs["incident"], IncidentAction.FALSE_ALARM, NOON, TEST, text="示例"
        )
    )


def said(message: object) -> str:
    assert isinstance(message, ServerSentEvent)
    return message.encode().decode()


@pytest.mark.parametrize(
    "scope", [Scope("410200"), Scope(firm_id=1), Scope(station_id=1), Scope()], ids=str
)
async def test_a_stream_names_an_incident_only_to_who_sees_all(world: World, scope: Scope) -> None:
    hub = world.hub
    made = live.LiveFeed(hub.database, LatestReader(hub.folder), SystemClock())
    context = replace(hub.context("staff"), clock=SystemClock())
    stream = await live.board(context, made, scope)
    messages = aiter(stream.body_iterator)
    told = [said(await anext(messages)), said(await anext(messages))]
    subject = Subject("incident", world.ours["incident"])
    hub.database.write(lambda c: journal.append(c, Entry(subject, "x", TEST, NOON)))
    told.append(said(await anext(messages)))
    assert "changed" in told[-1]
    assert (world.ours["incident"] in "".join(told)) is scope.sees_all
    await made.close()
