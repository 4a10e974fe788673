"""The simulated city beside the hub: its registry, its accounts, its people's tokens.

Everything is seeded once and found again at the next start; passwords and tokens lie in
demo/demo.json, for the owner alone. Without the demo none of them exists: `hub serve` on the same
folder finds the accounts marked as the demo's and disables them. A folder that serves people is
never a demo's: its lifts and accounts would be mixed with made-up ones.
"""

import dataclasses
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, update

from core.clock import Clock
from core.db import Database
from core.errors import Conflict, NotFound
from core.ids import new_secret
from core.journal import Actor
from dashboard import accounts, belongings, roster, tables
from dashboard.access import Role
from dashboard.scope import Scope
from devices import commands, queries
from hub.broker import free_port
from hub.folder import DataFolder
from simulators import city as cities
from simulators import scenario as scenarios
from simulators.hub_api import ROBOT
from simulators.scenario import Scenario

_ACTOR = Actor("system", "demo")
_FILE = "demo.json"
_STEP = 200
_NAMED = 5  # accounts, where the demo is refused
NO_PASSWORD = "!"  # noqa: S105  (a hash of nothing: robots come with a token only)
_TRIAL = (
    """'{"ts":'$(date +%s000)',"seq":'$(date +%s)',"boot":"try","lift":"""
    f'"{cities.TRIAL_LIFT}","mode":"normal","car":"running","direction":"up","floor":7,'
    """"door":"closed","speed_m_s":1.5}'"""
)
WEBHOOK_PORT = 9100
CAMERA_PORT = 8554


@dataclass(frozen=True, slots=True)
class Demo:
    """What the simulated city knows: passwords by account, tokens by whose they are, its ports."""

    accounts: dict[str, str]
    tokens: dict[str, str]
    webhook_port: int
    camera_port: int


def scenario(name: str) -> Scenario:
    """A shipped scenario by name, or one of a file; raises InvalidMessage or OSError."""
    return scenarios.load(Path(name)) if name.endswith(".toml") else scenarios.shipped(name)


def load(folder: DataFolder) -> Demo:
    """The demo of this folder; raises FileNotFoundError before its first start."""
    return Demo(**json.loads((folder.demo / _FILE).read_text()))


def load_or_none(folder: DataFolder) -> Demo | None:
    """The demo of this folder, or None where there is none."""
    try:
        return load(folder)
    except FileNotFoundError:
        return None


def seed(database: Database, folder: DataFolder, scenario_name: str, clock: Clock) -> Demo:
    """Make the city, its accounts and its tokens where they are missing.

    Raises Conflict("not_a_demo") on a folder that holds accounts or lifts of real people.
    """
    world = scenario(scenario_name)
    _refuse_real(database, folder, world)
    found = load_or_none(folder)
    webhook_port = free_port(found.webhook_port if found else WEBHOOK_PORT)
    camera_port = free_port(found.camera_port if found else CAMERA_PORT)
    _seed_registry(database, folder, world, clock, webhook_port, camera_port)
    _enable(database, enabled=True, now=clock.now())
    kept = found
    if kept is None or not database.read(_has_robots):
        made = _make_accounts(database, clock)
        known = {} if kept is None else kept.accounts
        kept = dataclasses.replace(made, accounts={**known, **made.accounts})
    demo = dataclasses.replace(kept, webhook_port=webhook_port, camera_port=camera_port)
    _keep(folder, demo)
    return demo


def trial(scenario_name: str, port: int) -> str:
    """A line for any terminal: a status of the lift that nobody simulates."""
    topic = f"lift/v1/{scenario(scenario_name).city.area}/{cities.TRIAL_GATEWAY}/status"
    return f"mosquitto_pub -p {port} -q 1 -t {topic} -m {_TRIAL}"


def disable(database: Database, clock: Clock) -> None:
    """Without the demo nobody signs in with its accounts."""
    _enable(database, enabled=False, now=clock.now())


def _refuse_real(database: Database, folder: DataFolder, world: Scenario) -> None:
    """A demo's folder is known by its accounts; before they are made, by no lift but the city's."""
    ours = database.read(roster.own_accounts)
    if ours:
        held = f"accounts that are not the demo's ({', '.join(ours[:_NAMED])})"
    elif not database.read(roster.has_demo) and database.read(partial(_has_lifts, world=world)):
        held = "lifts that are not the demo's"
    else:
        return
    raise Conflict(
        "not_a_demo",
        f"the data folder {folder.root} holds {held}; the demo would mix its made-up city into "
        "it. Start it without the demo (./run --no-demo, or hub serve), or give the demo a "
        "folder of its own with --data",
    )


def _has_lifts(connection: Connection, world: Scenario) -> bool:
    """Whether there are lifts that a start of this scenario, cut off midway, cannot have left."""
    made = {lift.rescue_code for lift in cities.generate(world).lifts}
    return any(code not in made for code in queries.rescue_codes(connection))


def _has_robots(connection: Connection) -> bool:
    """Whether the simulators have accounts of their own; a demo of an older version has none."""
    try:
        return accounts.account_by_name(connection, f"{ROBOT}dispatcher").demo
    except NotFound:
        return False


def _enable(database: Database, *, enabled: bool, now: datetime) -> None:
    a = tables.account.c
    change = (
        update(tables.account)
        .where(a.demo, a.disabled_at.is_not(None) if enabled else a.disabled_at.is_(None))
        .values(disabled_at=None if enabled else now)
    )
    database.write(lambda c: c.execute(change))


def _seed_registry(
    database: Database,
    folder: DataFolder,
    world: Scenario,
    clock: Clock,
    webhook_port: int,
    camera_port: int,
) -> None:
    city = cities.generate(
        world,
        webhook_base=f"http://127.0.0.1:{webhook_port}",
        rtsp_url=f"rtsp://127.0.0.1:{camera_port}/K0001-1",
        clip_path=_clip(folder),
    )
    now = clock.now()

    def people(connection: Connection) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
        firms = {f.id: commands.upsert_firm(connection, f, now, _ACTOR).id for f in city.firms}
        units = {
            u.id: commands.upsert_use_unit(connection, u, now, _ACTOR).id for u in city.use_units
        }
        for station in city.stations:
            commands.upsert_station(connection, station, now, _ACTOR)
        kitchens = {
            k.id: commands.upsert_kitchen(connection, k, now, _ACTOR).id for k in city.kitchens
        }
        for camera in city.cameras:
            placed = dataclasses.replace(camera, kitchen_id=kitchens[camera.kitchen_id])
            commands.upsert_camera(connection, placed, now, _ACTOR)
        return firms, units, kitchens

    firms, units, kitchens = database.write(people)
    lifts: dict[int, int] = {}

    def some_lifts(connection: Connection, start: int) -> None:
        for lift in city.lifts[start : start + _STEP]:
            placed = dataclasses.replace(
                lift,
                firm_id=firms.get(lift.firm_id or 0),
                use_unit_id=units.get(lift.use_unit_id or 0),
            )
            lifts[lift.id] = commands.upsert_lift(connection, placed, now, _ACTOR).id

    for start in range(0, len(city.lifts), _STEP):
        database.write(partial(some_lifts, start=start))

    def gateways(connection: Connection) -> None:
        for gateway in city.gateways:
            placed = dataclasses.replace(
                gateway,
                lift_ids=tuple(lifts[n] for n in gateway.lift_ids),
                kitchen_id=kitchens[gateway.kitchen_id] if gateway.kitchen_id else None,
            )
            commands.enrol_gateway(connection, placed, now, _ACTOR)

    database.write(gateways)


def _clip(folder: DataFolder) -> str:
    """The picture of the file cameras; empty without the video extra."""
    try:
        from simulators.camera_clip import write_clip  # noqa: PLC0415  (optional extra)
    except ImportError:
        return ""
    file = (folder.demo / "kitchen.mp4").resolve()
    if not file.exists():
        fresh = file.with_name("kitchen.new.mp4")
        write_clip(fresh, 20)
        fresh.replace(file)
    return str(file)


def _make_accounts(database: Database, clock: Clock) -> Demo:
    now = clock.now()
    passwords: dict[str, str] = {}
    tokens: dict[str, str] = {}
    firms, stations = database.read(queries.firms), database.read(queries.stations)
    units, districts = database.read(lambda c: (queries.use_units(c), [*queries.districts(c)]))
    firm, station = (Scope(firm_id=firms[0].id), Scope(station_id=stations[0].id))
    for name, display_name, role, scope in (
        ("admin", "示例管理员", Role.ADMINISTRATOR, Scope()),
        ("dispatcher", "示例调度员", Role.DISPATCHER, Scope()),
        ("supervisor", "示例监督员", Role.PROVINCE_SUPERVISOR, Scope()),
        ("firm1", firms[0].name, Role.FIRM_ADMIN, firm),
        ("station1", stations[0].name, Role.STATION, station),
        ("leader", "示例值班长", Role.SHIFT_LEADER, Scope()),
        ("city1", "示例市级监督员", Role.CITY_SUPERVISOR, Scope(stations[0].area)),
        ("team1", "示例班组长", Role.TEAM_LEADER, firm),
        ("technician1", "示例维保人员", Role.TECHNICIAN, firm),
        *(("unit1", u.name, Role.USE_UNIT, Scope(use_unit_id=u.id)) for u in units[:1]),
        *(
            ("district1", "示例区县监督员", Role.DISTRICT_SUPERVISOR, Scope(d))
            for d in districts[:1]
        ),
    ):
        password = new_secret()[:12]
        digest = accounts.hash_password(password)
        new = _NewAccount(name, display_name, role, scope, digest, "")
        if database.write(partial(_make_account, new=new, now=now))[0]:
            passwords[name] = password
    for whose, display_name, role, scope in (
        ("dispatcher", "调度席", Role.DISPATCHER, Scope()),
        *((f"firm:{f.code}", f.name, Role.FIRM_ADMIN, Scope(firm_id=f.id)) for f in firms),
        *((f"station:{s.code}", s.name, Role.STATION, Scope(station_id=s.id)) for s in stations),
    ):
        name = ROBOT + whose.replace(":", "-")
        robot = _NewAccount(name, f"演示机器人 · {display_name}", role, scope, NO_PASSWORD, whose)
        token = database.write(partial(_make_account, new=robot, now=now))[1]
        if token:
            tokens[whose] = token
    return Demo(passwords, tokens, WEBHOOK_PORT, CAMERA_PORT)


@dataclass(frozen=True, slots=True)
class _NewAccount:
    name: str
    display_name: str
    role: Role
    scope: Scope
    password_hash: str
    token_of: str


def _make_account(
    connection: Connection, new: _NewAccount, now: datetime
) -> tuple[bool, str | None]:
    """Whether the account had to be made, and a fresh token where a simulated person needs one.

    A token is issued for an account of the demo only; raises Conflict for another of that name.
    """
    try:
        if not accounts.account_by_name(connection, new.name).demo:
            raise Conflict("not_a_demo", f"the account {new.name} is not the demo's")
        made = False
    except NotFound:
        accounts.create_account(
            connection,
            name=new.name,
            display_name=new.display_name,
            password_hash=new.password_hash,
            role=new.role,
            scope=new.scope,
            demo=True,
            now=now,
            actor=_ACTOR,
        )
        made = True
    if not new.token_of:
        return made, None
    return made, belongings.issue_api_token(
        connection, account=new.name, name="simulated", now=now, actor=_ACTOR
    )


def _keep(folder: DataFolder, demo: Demo) -> None:
    file = folder.demo / _FILE
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(asdict(demo), out)
    fresh.replace(file)
