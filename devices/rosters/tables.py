"""The rosters' tables. A roster is its owner's, `owner_id` in the table that `owner_kind` names.

`roster.wake_at` is all that the watch over gaps waits for. Names and telephone numbers stand in
`roster_person` alone; everything else names people by their numbers.
"""

from sqlalchemy import (
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Time,
    UniqueConstraint,
)

from core.db import Instant, Json, metadata

roster = Table(
    "roster",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner_kind", String(16), nullable=False),  # station | firm | team
    Column("owner_id", Integer, nullable=False),
    Column("needed", Integer, nullable=False),  # people on duty at any time; 0: no gap is told
    Column("holidays", Json, nullable=False),  # days
    Column("wake_at", Instant),
    Column("version", Integer, nullable=False),
    UniqueConstraint("owner_kind", "owner_id"),
    Index("ix_roster_wake_at", "wake_at"),
)

person = Table(
    "roster_person",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("roster_id", Integer, ForeignKey("roster.id"), nullable=False),
    Column("code", String(32), nullable=False),
    Column("name", String(64), nullable=False, server_default=""),
    Column("phone", String(32), nullable=False, server_default=""),
    UniqueConstraint("roster_id", "code"),
)

rota = Table(
    "roster_rota",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("roster_id", Integer, ForeignKey("roster.id"), nullable=False),
    Column("person", String(32), nullable=False),
    Column("shift", String(32), nullable=False),
    Column("begins", Time, nullable=False),
    Column("ends", Time, nullable=False),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date),
    Column("every", Integer, nullable=False),
    Column("weekdays", String(7), nullable=False),  # digits, Monday is 0
    Column("holidays", String(16), nullable=False),
    UniqueConstraint("roster_id", "person", "shift", "first_on"),
)

swap = Table(
    "roster_swap",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("roster_id", Integer, ForeignKey("roster.id"), nullable=False),
    Column("day", Date, nullable=False),
    Column("shift", String(32), nullable=False),
    Column("leaves", String(32), nullable=False),
    Column("takes", String(32), nullable=False),
    UniqueConstraint("roster_id", "day", "shift", "leaves"),
)

leave = Table(
    "roster_leave",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("roster_id", Integer, ForeignKey("roster.id"), nullable=False),
    Column("person", String(32), nullable=False),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("stand_in", String(32)),
    Index("ix_roster_leave_roster", "roster_id", "last_on"),
)
