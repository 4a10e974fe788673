"""Every route of the staff surface by every role: exactly the documented cells are open.

A route that is in no row fails here, so that nothing is added without saying who may see it. `Ours`
are the things of one city, one firm and one station; `near` those of another firm in another
district of our city; `theirs` those of another city.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sse_starlette import ServerSentEvent
from starlette.testclient import TestClient

from alerts import tables as alert_tables
from alerts.actions import act_on_incident
from alerts.commands import IncidentAction
from alerts.intake import open_incident
from alerts.ladder import Kind
from alerts.model import Intake, Source
from alerts.policy import PolicyBook
from core import journal
from core.clock import SystemClock
from core.journal import Entry, Subject
from dashboard.access import ALLOWED, Action, Role
from dashboard.app import create_app
from dashboard.scope import Scope
from dashboard.web import live
from ingest.latest import LatestReader
from tests.support import maintenance_routes, roster_routes
from tests.support.dashboards import NOON, TEST
from tests.support.routes import BROKER, FAR, NEAR, OPEN, ROUTES, Route, routes_of
from tests.support.world import Things, World, sees, world_in


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_in(tmp_path) as made:
        yield made


def test_every_route_says_who_may_use_it(world: World) -> None:
    app = create_app(world.hub.context("staff"))
    known = [(row.method, row.path) for row in ROUTES]
    assert len(set(known)) == len(known)
    assert set(routes_of(app.routes)) == set(known)


def send(world: World, client: TestClient, csrf: str, row: Route, things: Things, role: str) -> int:
    """The status of one cell; what is answered names nothing of theirs to who may not see it."""
    crew = "station assignment" if role == Role.STATION else "assignment"
    path = (
        roster_routes.filled(row.path, things, role)
        .replace("{incident_id}", things["incident"])
        .replace("{assignment_id}", things[crew])
        .replace("{line_id}", things["refused"])
        .replace("{code}", things["kitchen" if row.about == "kitchen" else "lift"])
        .replace("{camera_id}", things["camera"])
        .replace("{event_id:path}", things["alarm"])
        .replace("{account}", things["account"])
        .replace("{act}", "reset")
        .replace("{verb}", "note")
        .replace("{step}", "refuse")
        .replace("{name}", "index.m3u8")
        .replace("{kind}", "lifts")
    )
    path = maintenance_routes.filled(path, things)
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
    for word, others in ((FAR, world.theirs), (NEAR, world.near)):
        hidden = not sees(role, world, others, row.about or "incident")
        if (
            hidden
            and (row.about == "" or things is others)
            and not (word == NEAR and role == Role.STATION)
        ):
            assert word not in answer.text.replace(f'value="{word}"', ""), (row, role)
            assert row.about or others["incident"] not in answer.text, (row, role)
    # What breaks is no answer, and would count as open.
    assert answer.status_code < 500 or answer.status_code == 503, (row, answer.text)
    return int(answer.status_code)


def holds(status: int, wanted: int) -> bool:
    """Whether a status is what the table says; 200 stands for every answer to who may ask."""
    return status == wanted if wanted != 200 else status not in {401, 403, 404}


def wanted_of(world: World, row: Route, role: Role, things: Things) -> int:
    """What the table says of one cell."""
    if row.needs == BROKER:
        return 401
    if isinstance(row.needs, Action) and row.needs not in ALLOWED[role]:
        return 403
    return 200 if not row.about or sees(role, world, things, row.about) else 404


# What is not 200 for who may ask: no picture was ever taken, no link sent, no such password, and
# no file uploaded.
AS_WELL = {
    **maintenance_routes.AS_WELL,
    ("GET", "/media/{camera_id}/snapshot.jpg"): 404,
    ("GET", "/media/{camera_id}/{name}"): 403,
    ("POST", "/sign-in"): 401,
    ("POST", "/sign-in/code"): 401,
    ("POST", "/account/sessions/end"): 404,
    ("POST", "/account/tokens/revoke"): 404,
    ("GET", "/imports/at/{job_id}"): 404,
    ("GET", "/fragments/imports/{job_id}"): 404,
    ("GET", "/imports/at/{job_id}/report.csv"): 404,
    ("POST", "/imports/at/{job_id}/apply"): 404,
    ("POST", "/imports/at/{job_id}/stop"): 404,
}


@pytest.mark.parametrize("role", Role)
def test_exactly_the_documented_cells_are_open(world: World, role: Role) -> None:
    client, csrf = world.client(role)
    wrong = []
    for row in ROUTES:
        for things in (world.theirs, world.near, world.ours):
            wanted = wanted_of(world, row, role, things)
            if row.path.startswith("/live/") and wanted == 200:
                continue  # a stream that does not end; see below
            if wanted == 200:
                wanted = AS_WELL.get((row.method, row.path), wanted)
            if row.path == "/sign-out" and things is not world.theirs:
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
    client, csrf = world.client(Role.DISPATCHER)
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
    client, _ = world.client(Role.STATION)
    assert client.get(f"/api/v1/lifts/{world.theirs['lift']}").status_code == 404
    scope = Scope(station_id=1)

    def call(connection: Connection) -> None:
        a = alert_tables.assignment
        connection.execute(
            a.update()
            .where(a.c.incident_id == world.theirs["incident"])
            .values(target_kind="station", target_id=scope.station_id)
        )

    world.hub.database.write(call)
    assert client.get(f"/api/v1/lifts/{world.theirs['lift']}").status_code == 200
    world.hub.database.write(
        lambda c: act_on_incident(
            c, world.theirs["incident"], IncidentAction.FALSE_ALARM, NOON, TEST, text="示例"
        )
    )


def said(message: object) -> str:
    assert isinstance(message, ServerSentEvent)
    return message.encode().decode()


@pytest.mark.parametrize(
    "scope",
    [
        Scope("410200"),
        Scope("410105"),
        Scope(firm_id=1),
        Scope(station_id=1),
        Scope(use_unit_id=1),
        Scope(),
    ],
    ids=str,
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
