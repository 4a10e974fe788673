"""Real SQLite databases with the whole schema, for tests."""

from pathlib import Path

import alerts.tables
import dashboard.tables
import devices.maintenance.tables
import devices.tables
from core.db import Database, metadata

SCHEMA = (
    devices.maintenance.tables,
    devices.tables,
    alerts.tables,
    dashboard.tables,
)  # imported so that metadata is whole


def open_database(folder: Path) -> Database:
    """A fresh database file in `folder` with every table."""
    database = Database(f"sqlite:///{folder / 'hub.db'}")
    database.write(metadata.create_all)
    return database
