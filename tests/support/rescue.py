"""A small real registry and what a rescue needs, for tests of the alerts room."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from alerts.engine import Engine
from alerts.intake import open_incident
from alerts.ladder import Kind
from alerts.model import Incident, Intake, Opened, Source
from alerts.policy import PolicyBook
from alerts.store import load_incident
from core.clock import ManualClock
from core.geo import Position
from core.journal import Actor
from devices import commands
from devices.model import Lift, LiftKind, MaintenanceFirm, PlaceType, RescueStation
from tests.support.databases import open_database

START = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
SEAT = Actor("account", "sample-dispatcher")


class Rescue:
    """A database with a firm, two stations and a lift, a manual clock and an engine."""

    def __init__(self, folder: Path, *, webhook: str = "", firm: bool = True) -> None:
        self.clock = ManualClock(START)
        self.database = open_database(folder)
        self.policies = PolicyBook()
        self.lift: Lift = self.database.write(lambda c: self._seed(c, webhook, firm=firm))
        self.engine = Engine(self.database, self.policies, self.clock)

    def _seed(self, connection: Connection, webhook: str, *, firm: bool) -> Lift:
        sample = MaintenanceFirm(0, "F1", "示例维保公司", "000-0001", webhook)
        kept = commands.upsert_firm(connection, sample, START, SEAT)
        for code, latitude in (("S1", 34.71), ("S2", 34.75)):
            station = RescueStation(
                0, code, f"示例救援站 {code}", "410100", Position(latitude, 113.6), "000-0002"
            )
            commands.upsert_station(connection, station, START, SEAT)
        lift = Lift(
            0,
            "235274",
            "31104101002026000001",
            "410100",
            "410105",
            "示例路 1 号",
            "1 号楼",
            Position(34.70, 113.6),
            LiftKind.TRACTION_PASSENGER,
            PlaceType.RESIDENTIAL,
            -1,
            10,
            1.75,
            1000,
            kept.id if firm else None,
            None,
        )
        return commands.upsert_lift(connection, lift, START, SEAT)

    def open(self, key: str = "k1", *, injured: bool = False, kind: Kind = Kind.TRAPPED) -> Opened:
        intake = Intake(
            event_key=key, kind=kind, source=Source.FORM, lift=self.lift, injured=injured, people=2
        )
        now = self.clock.now()
        return self.database.write(lambda c: open_incident(c, intake, self.policies, now, SEAT))

    def tick(self, **passed: float) -> int:
        self.clock.advance(timedelta(**passed))
        return self.engine.run_once()

    def incident(self, incident_id: str) -> Incident:
        return self.database.read(lambda c: load_incident(c, incident_id))
