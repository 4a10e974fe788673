"""The registry's tables. Codes are unique business keys; `id` is ours and never shown."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Time,
)

from core.db import Instant, metadata

use_unit = Table(
    "use_unit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("safety_officer", String(64), nullable=False, server_default=""),
    Column("phone", String(32), nullable=False, server_default=""),
)

firm = Table(
    "firm",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("phone_24h", String(32), nullable=False),
    Column("webhook_url", String(500), nullable=False, server_default=""),
)

station = Table(
    "station",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("area", String(6), nullable=False, index=True),
    Column("latitude", Float, nullable=False),
    Column("longitude", Float, nullable=False),
    Column("phone", String(32), nullable=False),
    Column("webhook_url", String(500), nullable=False, server_default=""),
)

lift = Table(
    "lift",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rescue_code", String(6), nullable=False, unique=True),
    Column("registration_code", String(20), nullable=False, unique=True),
    Column("area", String(6), nullable=False),
    Column("district", String(6), nullable=False),
    Column("address", String(300), nullable=False),
    Column("building", String(100), nullable=False, server_default=""),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("kind", String(32), nullable=False),
    Column("place_type", String(32), nullable=False),
    Column("min_floor", Integer, nullable=False),
    Column("max_floor", Integer, nullable=False),
    Column("rated_speed_m_per_s", Float, nullable=False),
    Column("rated_load_kg", Integer, nullable=False),
    Column("firm_id", Integer, ForeignKey("firm.id"), index=True),
    Column("use_unit_id", Integer, ForeignKey("use_unit.id"), index=True),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_lift_area_district", "area", "district"),
)

gateway = Table(
    "gateway",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("area", String(6), nullable=False),
    Column("kitchen_id", Integer, ForeignKey("kitchen.id")),
    Column("enrolled_at", Instant, nullable=False),
    Column("dialect", String(32), nullable=False, server_default="canonical"),
)

gateway_lift = Table(
    "gateway_lift",
    metadata,
    Column("gateway_id", String(32), ForeignKey("gateway.id"), primary_key=True),
    Column("lift_id", Integer, ForeignKey("lift.id"), primary_key=True, index=True),
)

kitchen = Table(
    "kitchen",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("area", String(6), nullable=False),
    Column("district", String(6), nullable=False),
    Column("address", String(300), nullable=False),
    Column("operator", String(200), nullable=False),
    Column("licence_number", String(64), nullable=False),
    Column("grade", String(8), nullable=False, server_default=""),
    Column("published", Boolean, nullable=False),
    Column("opens", Time, nullable=False),
    Column("closes", Time, nullable=False),
)

camera = Table(
    "camera",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kitchen_id", Integer, ForeignKey("kitchen.id"), nullable=False, index=True),
    Column("label", String(64), nullable=False),
    Column("source_kind", String(16), nullable=False),
    Column("source_url", String(500), nullable=False),
    Column("published", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
)
