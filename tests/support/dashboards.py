"""Both surfaces of the dashboard on a small real registry, with an account of every role."""

from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response
from starlette.testclient import TestClient

from alerts.policy import PolicyBook
from core.clock import ManualClock
from core.journal import Actor
from dashboard import accounts, belongings
from dashboard.access import FIRM_ROLES, Role
from dashboard.assembly import assemble
from dashboard.deps import AppContext, Arriving, EmqxDoor, cookie_name
from dashboard.problems import Problem
from dashboard.scope import Scope
from devices import commands
from devices.directory import load_directory
from devices.maintenance import shipped
from devices.model import Camera, Kitchen, KitchenKind, SourceKind, UseUnit
from hub import dialects
from ingest.door_shards import DoorShards
from ingest.latest import LatestReader
from ingest.quarantine_shards import QuarantineShards
from ingest.shards import HOME
from ingest.timeseries.embedded import EmbeddedStore
from tests.support.rescue import Rescue
from video.state import StateReader

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)  # 12:00 in Shanghai
TEST = Actor("system", "test")
PASSWORD = "a long enough sample"
BROKER_TOKEN = b"a sample token of a broker"
SECRET = b"a secret of thirty-two bytes....."
CAMERA = "K0001-1"


def plain_error_page(request: Request, problem: Problem) -> Response:
    """A page without templates: these tests ask for words and headers, not for looks."""
    return HTMLResponse(f"<p>{problem.reason} {request.url.path}</p>", problem.status)


class Dashboards:
    """A registry, accounts named after their roles, and clients of both surfaces."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rescue = Rescue(folder)
        self.database = rescue.database
        self.lift = rescue.lift
        self.clock = ManualClock(NOON)
        self.video_root = folder / "video"
        digest = accounts.hash_password(PASSWORD)
        self.tokens = self.database.write(lambda c: self._fill(c, digest))

    def _fill(self, connection: Connection, digest: str) -> dict[Role, str]:
        unit = commands.upsert_use_unit(
            connection, UseUnit(0, "U1", "示例物业", "示例安全员", "139-0000-0003"), NOON, TEST
        )
        self.lift = commands.upsert_lift(
            connection, replace(self.lift, use_unit_id=unit.id), NOON, TEST
        )
        scopes = {
            **dict.fromkeys(FIRM_ROLES, Scope(firm_id=self.lift.firm_id)),
            Role.CITY_SUPERVISOR: Scope(self.lift.area),
            Role.DISTRICT_SUPERVISOR: Scope(self.lift.district),
            Role.STATION: Scope(station_id=1),
            Role.USE_UNIT: Scope(use_unit_id=unit.id),
        }
        tokens = {}
        for role in Role:
            accounts.create_account(
                connection,
                name=role.value,
                display_name=f"示例 {role}",
                password_hash=digest,
                role=role,
                scope=scopes.get(role, Scope()),
                now=NOON,
                actor=TEST,
            )
            tokens[role] = belongings.issue_api_token(
                connection, account=role.value, name="test", now=NOON, actor=TEST
            )
        kitchen = Kitchen(
            id=0,
            code="K0001",
            name="示例食堂",
            kind=KitchenKind.SCHOOL_CANTEEN,
            area="410100",
            district="410105",
            address="示例路 2 号",
            operator="示例学校",
            licence_number="示例-0001",
            grade="A",
            published=True,
            opens=time(7),
            closes=time(20),
        )
        kept = commands.upsert_kitchen(connection, kitchen, NOON, TEST)
        camera = Camera(
            CAMERA, kept.id, "灶台", SourceKind.FILE, "sample.mp4", published=True, enabled=True
        )
        commands.upsert_camera(connection, camera, NOON, TEST)
        return tokens

    def context(self, surface: str, *, tls: bool = False) -> AppContext:
        telemetry = self.folder / "telemetry"
        shards = {HOME: telemetry}
        return AppContext(
            surface="staff" if surface == "staff" else "public",
            database=self.database,
            clock=self.clock,
            zone=ZoneInfo("Asia/Shanghai"),
            policies=PolicyBook(),
            maintenance=shipped.rules(ZoneInfo("Asia/Shanghai")),
            latest=LatestReader(telemetry / "latest"),
            history=EmbeddedStore.reader(telemetry),
            quarantine=QuarantineShards(lambda: shards),
            door=Arriving(
                DoorShards(telemetry, lambda: shards, lambda *_: HOME),
                lambda: self.database.read(load_directory),
            ),
            emqx=EmqxDoor(BROKER_TOKEN, dialects.load(self.folder).patterns()),
            video=StateReader(self.video_root),
            video_root=self.video_root,
            link_secret=SECRET,
            reports_file=self.folder / "public" / "reports.db",
            data_folder=self.folder,
            hotline="96333",
            metrics_folder=None,
            public_base_url="http://public.test",
            staff_base_url="http://testserver",
            version="0.0",
            secure_cookies=tls,
        )

    def client(
        self,
        surface: str = "staff",
        *,
        role: Role | None = None,
        tls: bool = False,
        pages: tuple[APIRouter, ...] = (),
    ) -> TestClient:
        """A client; with `role` it sends that role's bearer token."""
        context = self.context(surface, tls=tls)
        app = assemble(context, pages=pages, error_page=plain_error_page)
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role else {}
        return TestClient(app, headers=headers, raise_server_exceptions=False)

    def begin(self, name: str) -> accounts.NewSession:
        """A session of that account, without the work of checking its password."""
        account = self.database.read(lambda c: accounts.account_by_name(c, name))
        return accounts.begin_session(self.database, self.clock, account=account)

    def sign_in(self, client: TestClient, role: Role) -> str:
        """Give `client` a session's cookie; answers the session's CSRF token."""
        begun = self.begin(role.value)
        client.cookies.set(cookie_name(self.context("staff")), begun.token)
        signed = accounts.signed_by_session(self.database, begun.token, now=self.clock.now())
        assert signed is not None
        assert signed.csrf is not None
        return signed.csrf
