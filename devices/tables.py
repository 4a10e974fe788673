"""The registry's tables. Codes are unique business keys; `id` is ours and never shown."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Time,
    UniqueConstraint,
)

from core.db import Instant, Json, metadata
from core.words import Bytewise, Words, indexed

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
    Column("status", String(16), nullable=False, server_default="in_use"),
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

gateway_credential = Table(
    "gateway_credential",
    metadata,
    Column("gateway_id", String(32), ForeignKey("gateway.id"), primary_key=True),
    Column("verifier", String(160), nullable=False),  # "" once it is revoked
    Column("issued_at", Instant, nullable=False),
    Column("times", Integer, nullable=False),  # how often one was issued
    Column("revoked_at", Instant),
)

lift_test_call = Table(
    "lift_test_call",
    metadata,
    Column("lift_id", Integer, ForeignKey("lift.id"), primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("passed_at", Instant, index=True),  # the newest that found nothing wrong
    Column("gateway_id", String(32), nullable=False),
    Column("microphone", Boolean),
    Column("loudspeaker", Boolean),
    Column("battery_pct", Integer),
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
    Column("operator_code", String(18), nullable=False, server_default=""),
    Column("serves", String(200), nullable=False, server_default=""),
    Column("licence_until", Date),
    Column("kitchen_m2", Integer),
    Column("meals_a_day", Integer),
    Column("latitude", Float),
    Column("longitude", Float),
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

division = Table(
    "division",
    metadata,
    Column("code", String(6), primary_key=True),
    Column("name_zh", String(64), nullable=False),
    Column("name_en", String(64), nullable=False, server_default=""),
    Column("parent", String(6), index=True),
)

lift_dossier = Table(
    "lift_dossier",
    metadata,
    Column("lift_id", Integer, ForeignKey("lift.id"), primary_key=True),
    Column("project", String(100), nullable=False, server_default=""),
    Column("unit", String(32), nullable=False, server_default=""),
    Column("in_house_number", String(32), nullable=False, server_default=""),
    Column("registration_certificate", String(64), nullable=False, server_default=""),
    Column("product_number", String(64), nullable=False, server_default=""),
    Column("brand", String(64), nullable=False, server_default=""),
    Column("model", String(64), nullable=False, server_default=""),
    Column("manufacturer", String(200), nullable=False, server_default=""),
    Column("installer", String(200), nullable=False, server_default=""),
    Column("owner", String(200), nullable=False, server_default=""),
    Column("made_on", Date),
    Column("installed_on", Date),
    Column("renovated_on", Date),
    Column("stops", Integer),
    Column("doors", Integer),
    Column("base_floor", Integer),
    Column("floor_names", Json, nullable=False, server_default="{}"),
    Column("technical", Json, nullable=False, server_default="{}"),
    Column("coordinate_origin", String(8), nullable=False, server_default="wgs84"),
    Column("safety_officer", String(64), nullable=False, server_default=""),
    Column("on_demand_since", Date),
)

firm_team = Table(
    "firm_team",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("firm_id", Integer, ForeignKey("firm.id"), nullable=False),
    Column("code", String(32), nullable=False),
    Column("name", String(100), nullable=False),
    UniqueConstraint("firm_id", "code"),
)

firm_worker = Table(
    "firm_worker",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("firm_id", Integer, ForeignKey("firm.id"), nullable=False),
    Column("code", String(32), nullable=False),
    Column("name", String(64), nullable=False),
    Column("certificate_number", String(64), nullable=False, server_default=""),
    Column("certificate_until", Date, index=True),
    Column("team_id", Integer, ForeignKey("firm_team.id")),
    Column("left_on", Date),
    UniqueConstraint("firm_id", "code"),
)

contract = Table(
    "contract",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lift_id", Integer, ForeignKey("lift.id"), nullable=False),
    Column("firm_id", Integer, ForeignKey("firm.id"), nullable=False, index=True),
    Column("number", String(64), nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, index=True),
    UniqueConstraint("lift_id", "starts_on"),
)

station_equipment = Table(
    "station_equipment",
    metadata,
    Column("station_id", Integer, ForeignKey("station.id"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("pieces", Integer, nullable=False),
    Column("checked_on", Date),
)

inspection = Table(
    "inspection",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lift_id", Integer, ForeignKey("lift.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("done_on", Date, nullable=False),
    Column("result", String(32), nullable=False),
    Column("body", String(200), nullable=False),
    Column("report_number", String(64), nullable=False, unique=True),
    Column("valid_until", Date, index=True),
)

meal_delivery = Table(
    "meal_delivery",
    metadata,
    Column("kitchen_id", Integer, ForeignKey("kitchen.id"), primary_key=True),
    Column("recipient", String(200), primary_key=True),
    Column("leaves_at", Time, primary_key=True),
    Column("meals", Integer, nullable=False),
    Column("recipient_kitchen_id", Integer, ForeignKey("kitchen.id"), index=True),
)

contact = Table(
    "contact",
    metadata,
    Column("owner_kind", String(16), primary_key=True),
    Column("owner_id", Integer, primary_key=True),
    Column("role", String(32), primary_key=True),
    Column("phone", String(32), primary_key=True),
    Column("name", String(64), nullable=False, server_default=""),
)

lift_words = indexed(
    Table(
        "lift_words",
        metadata,
        Column("lift_id", Integer, ForeignKey("lift.id"), primary_key=True, autoincrement=False),
        Column("words", Words, nullable=False),
        Column("version", Integer, nullable=False, index=True),
    )
)

reading = Table(
    "reading",
    metadata,
    Column("text", Bytewise, primary_key=True),
    Column("spelled", Bytewise, primary_key=True, index=True),
    Column("initials", Bytewise, nullable=False, index=True),
    Column("sounds", String, nullable=False),
)
