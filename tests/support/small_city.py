"""A registry of one firm, one station, one lift and its gateway, for tests with a whole hub."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from core.db import Database
from core.geo import Position
from core.journal import Actor
from dashboard.access import Role
from dashboard.accounts import create_account, hash_password
from dashboard.belongings import issue_api_token
from devices import commands
from devices.model import Gateway, Lift, LiftKind, MaintenanceFirm, PlaceType, RescueStation
from hub.schema import migrate

AREA = "410100"
LIFT = "100001"
GATEWAY = "G0001"
PASSWORD = "a long enough sample"
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
TEST = Actor("system", "test")


def found_city(data: Path) -> str:
    """Make the database in `data` and its registry; answers a dispatcher's API token."""
    data.mkdir(parents=True, exist_ok=True)

    def fill(connection: Connection) -> str:
        firm = commands.upsert_firm(
            connection, MaintenanceFirm(0, "F001", "示例电梯维保公司", "0371-00000001"), NOW, TEST
        )
        commands.upsert_station(
            connection,
            RescueStation(0, "S001", "示例救援站", AREA, Position(34.75, 113.65), "0371-00000002"),
            NOW,
            TEST,
        )
        lift = commands.upsert_lift(
            connection,
            Lift(
                id=0,
                rescue_code=LIFT,
                registration_code="31104101002026100001",
                area=AREA,
                district="410105",
                address="示例路 1 号",
                building="1 号楼",
                position=Position(34.76, 113.66),
                kind=LiftKind.TRACTION_PASSENGER,
                place_type=PlaceType.RESIDENTIAL,
                min_floor=-1,
                max_floor=20,
                rated_speed_m_per_s=1.75,
                rated_load_kg=1000,
                firm_id=firm.id,
                use_unit_id=None,
            ),
            NOW,
            TEST,
        )
        commands.enrol_gateway(connection, Gateway(GATEWAY, AREA, (lift.id,)), NOW, TEST)
        create_account(
            connection,
            name="dispatcher",
            display_name="示例调度员",
            password_hash=hash_password(PASSWORD),
            role=Role.DISPATCHER,
            now=NOW,
            actor=TEST,
        )
        return issue_api_token(connection, account="dispatcher", name="test", now=NOW, actor=TEST)

    with Database(f"sqlite:///{data / 'hub.db'}") as database:
        migrate(database)
        return database.write(fill)
