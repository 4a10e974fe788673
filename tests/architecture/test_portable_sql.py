"""The relational database may be another one: its statements are kept portable."""

import re
from pathlib import Path

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

import alerts.tables
import core.journal
import dashboard.tables
import devices.maintenance.tables
import devices.tables
from core.db import metadata

ROOT = Path(__file__).parents[2]
ROOMS = (
    core.journal,
    devices.maintenance.tables,
    devices.tables,
    alerts.tables,
    dashboard.tables,
)  # so that metadata is whole
ONE_KIND_ONLY = re.compile(
    r"dialects(\.| import )(sqlite|postgresql)|exec_driver_sql|\browid\b|func\.(json|julian|strf)"
)


def test_only_the_database_door_knows_which_kind_it_is() -> None:
    """Files that other processes own are SQLite for good; what SQLAlchemy opens is not."""
    found = {
        str(file.relative_to(ROOT))
        for room in ("core", "devices", "alerts", "dashboard", "hub")
        for file in (ROOT / room).rglob("*.py")
        if ONE_KIND_ONLY.search(file.read_text(encoding="utf-8"))
    }
    assert found == {"core/db.py", "core/words.py"}


def test_every_table_can_be_described_to_postgresql() -> None:
    there = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=there))
        for index in table.indexes:
            assert "INDEX" in str(CreateIndex(index).compile(dialect=there))
