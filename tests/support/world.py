"""Ours, what stands next door in our city, and theirs in another: and a client of every role."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path

from sqlalchemy import Connection, update
from starlette.testclient import TestClient

from alerts import queries, refusals
from alerts.actions import raise_level
from alerts.findings import apply_finding
from alerts.intake import open_incident
from alerts.ladder import Kind
from alerts.model import Intake, Source
from alerts.policy import PolicyBook
from dashboard import accounts
from dashboard import tables as account_tables
from dashboard.access import Role
from dashboard.app import create_app
from dashboard.scope import Scope
from devices import commands
from devices import queries as registry
from devices.calls import RefusedCall
from devices.findings import ConditionRaised, Severity
from devices.model import Camera, Kitchen, KitchenKind, Lift, MaintenanceFirm, SourceKind, UseUnit
from tests.support import maintenance_routes
from tests.support.dashboards import CAMERA, NOON, TEST, Dashboards
from tests.support.routes import FAR, NEAR

Things = dict[str, str]


@dataclass
class World:
    """A hub with ours, near and theirs, and a signed-in client of every role."""

    hub: Dashboards
    ours: Things
    near: Things
    theirs: Things
    app: TestClient
    _signed: dict[Role, tuple[TestClient, str]] = field(default_factory=dict)

    def client(self, role: Role) -> tuple[TestClient, str]:
        """A signed-in client of that role, and its session's proof for forms."""
        if role not in self._signed:
            other = TestClient(self.app.app, follow_redirects=False, raise_server_exceptions=False)
            self._signed[role] = (other, self.hub.sign_in(other, role))
        return self._signed[role]


@contextmanager
def world_in(folder: Path) -> Iterator[World]:
    """The world in `folder`."""
    hub = Dashboards(folder)
    things = hub.database.write(lambda c: _fill(c, hub))
    hub.database.write(_confine)
    with TestClient(create_app(hub.context("staff")), follow_redirects=False) as client:
        yield World(hub, *things, client)


def sees(role: Role | str, world: World, things: Things, about: str) -> bool:
    """What the documentation says of scope: whether things of that kind are in a role's sight."""
    if things is world.ours or role in {Role.ADMINISTRATOR, Role.PROVINCE_SUPERVISOR}:
        return True
    if things is world.theirs:
        return False
    match role:
        case Role.DISPATCHER | Role.SHIFT_LEADER | Role.CITY_SUPERVISOR:
            return True
        case Role.STATION:
            return about == "lift"  # it may be called to any lift of its city
        case _:
            return False


def _confine(connection: Connection) -> None:
    """The seats look after one city; the other scopes are their roles' own."""
    a = account_tables.account
    named = a.c.name.in_([Role.DISPATCHER, Role.SHIFT_LEADER])
    connection.execute(update(a).where(named).values(area="410100"))


def _fill(connection: Connection, hub: Dashboards) -> tuple[Things, Things, Things]:
    ours = _things(connection, hub.lift, "K0001", CAMERA)
    near = _elsewhere(connection, hub, NEAR, area="410100", district="410106", number=2)
    theirs = _elsewhere(connection, hub, FAR, area="410200", district="410205", number=3)
    return ours, near, theirs


def _elsewhere(
    connection: Connection, hub: Dashboards, word: str, *, area: str, district: str, number: int
) -> Things:
    firm = commands.upsert_firm(
        connection,
        MaintenanceFirm(0, f"F{number}", f"{word}维保公司", f"000-00{number}9"),
        NOON,
        TEST,
    )
    unit = commands.upsert_use_unit(
        connection, UseUnit(0, f"U{number}", f"{word}物业", word, ""), NOON, TEST
    )
    other = replace(
        hub.lift,
        id=0,
        rescue_code=f"60000{number}",
        registration_code=f"3110410200202660000{number}",
        area=area,
        district=district,
        address=f"{word}路 6 号",
        firm_id=firm.id,
        use_unit_id=unit.id,
        position=None,
    )
    lift = commands.upsert_lift(connection, other, NOON, TEST)
    code = f"K000{number}"
    kitchen = Kitchen(
        id=0,
        code=code,
        name=f"{word}食堂",
        kind=KitchenKind.SCHOOL_CANTEEN,
        area=area,
        district=district,
        address=f"{word}路 7 号",
        operator=f"{word}学校",
        licence_number=f"示例-000{number}",
        grade="A",
        published=True,
        opens=time(7),
        closes=time(20),
    )
    kept = commands.upsert_kitchen(connection, kitchen, NOON, TEST)
    camera = Camera(
        f"{code}-1", kept.id, word, SourceKind.FILE, "x.mp4", published=True, enabled=True
    )
    commands.upsert_camera(connection, camera, NOON, TEST)
    return _things(connection, lift, code, camera.id, word)


def _things(
    connection: Connection, lift: Lift, kitchen: str, camera: str, word: str = "示例"
) -> Things:
    call = Intake(event_key=lift.rescue_code, kind=Kind.TRAPPED, source=Source.FORM, lift=lift)
    number = open_incident(connection, call, PolicyBook(), NOON, TEST).incident_id
    if word == "示例":  # our station is called as well
        raise_level(connection, number, 2, "示例", NOON, TEST)
    asked = queries.incident(connection, number).assignments
    topic = f"lift/v1/{lift.area}/G{lift.rescue_code}/call"
    refusals.tell(connection, RefusedCall(topic, "bad_json", "", word, NOON))
    line = refusals.lines(connection, NOON)[0]
    alarm = ConditionRaised(
        event_id=f"alarm/{lift.rescue_code}",
        subject_kind="lift",
        subject=lift.rescue_code,
        code="door.not_closing",
        severity=Severity.MINOR,
        since=NOON,
    )
    apply_finding(connection, alarm, PolicyBook(), NOON)
    account = f"account-{lift.rescue_code}"
    accounts.create_account(
        connection,
        name=account,
        display_name=word,
        password_hash="!",
        role=Role.TECHNICIAN,
        scope=Scope(firm_id=lift.firm_id),
        now=NOON,
        actor=TEST,
    )
    return {
        "account": account,
        "firm": registry.firm_by_id(connection, lift.firm_id or 0).code,
        "station": "S1" if word == "示例" else "S2",
        "incident": number,
        "lift": lift.rescue_code,
        "kitchen": kitchen,
        "camera": camera,
        "assignment": str(asked[0].id),
        "station assignment": str(asked[-1].id),
        "refused": str(line.id),
        "alarm": alarm.event_id,
        **maintenance_routes.things(connection, lift),
    }
