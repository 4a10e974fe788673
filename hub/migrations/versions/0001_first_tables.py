"""First tables."""

import sqlalchemy as sa
from alembic import op

from core.db import Instant, Json

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "firm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("phone_24h", sa.String(length=32), nullable=False),
        sa.Column("webhook_url", sa.String(length=500), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm")),
        sa.UniqueConstraint("code", name=op.f("uq_firm_code")),
    )
    op.create_table(
        "hand_off_cursor",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_hand_off_cursor")),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("subject_kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=128), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(length=64), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("reason", sa.String(length=500), server_default="", nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint(
            "subject_kind", "subject_id", "seq", name=op.f("uq_journal_subject_kind_subject_id_seq")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_journal_at", "journal", ["at"], unique=False)
    op.create_table(
        "kitchen",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("area", sa.String(length=6), nullable=False),
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("operator", sa.String(length=200), nullable=False),
        sa.Column("licence_number", sa.String(length=64), nullable=False),
        sa.Column("grade", sa.String(length=8), server_default="", nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kitchen")),
        sa.UniqueConstraint("code", name=op.f("uq_kitchen_code")),
    )
    op.create_table(
        "station",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("area", sa.String(length=6), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("webhook_url", sa.String(length=500), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station")),
        sa.UniqueConstraint("code", name=op.f("uq_station_code")),
    )
    op.create_index(op.f("ix_station_area"), "station", ["area"], unique=False)
    op.create_table(
        "use_unit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("safety_officer", sa.String(length=64), server_default="", nullable=False),
        sa.Column("phone", sa.String(length=32), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_use_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_use_unit_code")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=True),
        sa.Column("station_id", sa.Integer(), nullable=True),
        sa.Column("area", sa.String(length=6), server_default="", nullable=False),
        sa.Column("locale", sa.String(length=8), server_default="", nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("failed_sign_ins", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_account_firm_id_firm")),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_account_station_id_station")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )
    op.create_table(
        "camera",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kitchen_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("source_kind", sa.String(length=16), nullable=False),
        sa.Column("source_url", sa.String(length=500), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["kitchen_id"], ["kitchen.id"], name=op.f("fk_camera_kitchen_id_kitchen")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camera")),
    )
    op.create_index(op.f("ix_camera_kitchen_id"), "camera", ["kitchen_id"], unique=False)
    op.create_table(
        "gateway",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("area", sa.String(length=6), nullable=False),
        sa.Column("kitchen_id", sa.Integer(), nullable=True),
        sa.Column("enrolled_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["kitchen_id"], ["kitchen.id"], name=op.f("fk_gateway_kitchen_id_kitchen")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway")),
    )
    op.create_table(
        "journal_personal",
        sa.Column("journal_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=500), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["journal.id"], name=op.f("fk_journal_personal_journal_id_journal")
        ),
        sa.PrimaryKeyConstraint("journal_id", "name", name=op.f("pk_journal_personal")),
    )
    op.create_table(
        "lift",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rescue_code", sa.String(length=6), nullable=False),
        sa.Column("registration_code", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=6), nullable=False),
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("building", sa.String(length=100), server_default="", nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("place_type", sa.String(length=32), nullable=False),
        sa.Column("min_floor", sa.Integer(), nullable=False),
        sa.Column("max_floor", sa.Integer(), nullable=False),
        sa.Column("rated_speed_m_per_s", sa.Float(), nullable=False),
        sa.Column("rated_load_kg", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=True),
        sa.Column("use_unit_id", sa.Integer(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_lift_firm_id_firm")),
        sa.ForeignKeyConstraint(
            ["use_unit_id"], ["use_unit.id"], name=op.f("fk_lift_use_unit_id_use_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lift")),
        sa.UniqueConstraint("registration_code", name=op.f("uq_lift_registration_code")),
        sa.UniqueConstraint("rescue_code", name=op.f("uq_lift_rescue_code")),
    )
    op.create_index("ix_lift_area_district", "lift", ["area", "district"], unique=False)
    op.create_index(op.f("ix_lift_firm_id"), "lift", ["firm_id"], unique=False)
    op.create_index(op.f("ix_lift_use_unit_id"), "lift", ["use_unit_id"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_api_token_account_id_account")
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_api_token")),
    )
    op.create_index(op.f("ix_api_token_account_id"), "api_token", ["account_id"], unique=False)
    op.create_table(
        "gateway_lift",
        sa.Column("gateway_id", sa.String(length=32), nullable=False),
        sa.Column("lift_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["gateway.id"], name=op.f("fk_gateway_lift_gateway_id_gateway")
        ),
        sa.ForeignKeyConstraint(
            ["lift_id"], ["lift.id"], name=op.f("fk_gateway_lift_lift_id_lift")
        ),
        sa.PrimaryKeyConstraint("gateway_id", "lift_id", name=op.f("pk_gateway_lift")),
    )
    op.create_index(op.f("ix_gateway_lift_lift_id"), "gateway_lift", ["lift_id"], unique=False)
    op.create_table(
        "incident",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("event_key", sa.String(length=200), nullable=False),
        sa.Column("lift_id", sa.Integer(), nullable=True),
        sa.Column("lift_code", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=6), nullable=False),
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("place", sa.String(length=500), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("injured", sa.Boolean(), nullable=False),
        sa.Column("vulnerable", sa.String(length=200), server_default="", nullable=False),
        sa.Column("floor", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("located_at", Instant(), nullable=True),
        sa.Column("dispatched_at", Instant(), nullable=True),
        sa.Column("acknowledged_at", Instant(), nullable=True),
        sa.Column("en_route_at", Instant(), nullable=True),
        sa.Column("on_scene_at", Instant(), nullable=True),
        sa.Column("freed_at", Instant(), nullable=True),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("cause_reported_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("target_missed_at", Instant(), nullable=True),
        sa.Column("statutory_missed_at", Instant(), nullable=True),
        sa.Column("cause_code", sa.String(length=8), nullable=True),
        sa.Column("cause_text", sa.String(length=500), server_default="", nullable=False),
        sa.Column("merged_into", sa.String(length=16), nullable=True),
        sa.Column("policy", Json, nullable=False),
        sa.Column("taken_steps", Json, nullable=False),
        sa.Column("wake_at", Instant(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["lift_id"], ["lift.id"], name=op.f("fk_incident_lift_id_lift")),
        sa.ForeignKeyConstraint(
            ["merged_into"], ["incident.id"], name=op.f("fk_incident_merged_into_incident")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("event_key", name=op.f("uq_incident_event_key")),
    )
    op.create_index(op.f("ix_incident_lift_id"), "incident", ["lift_id"], unique=False)
    op.create_index("ix_incident_state_opened_at", "incident", ["state", "opened_at"], unique=False)
    op.create_index("ix_incident_wake_at", "incident", ["wake_at"], unique=False)
    op.create_table(
        "session",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_session_account_id_account")
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_account_id"), "session", ["account_id"], unique=False)
    op.create_table(
        "alarm",
        sa.Column("event_id", sa.String(length=200), nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.String(length=500), server_default="", nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("cleared_at", Instant(), nullable=True),
        sa.Column("acknowledged_at", Instant(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("incident_id", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_alarm_incident_id_incident")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_alarm")),
    )
    op.create_index("ix_alarm_subject", "alarm", ["subject_kind", "subject", "state"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.String(length=16), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("target_kind", sa.String(length=16), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("target_name", sa.String(length=200), nullable=False),
        sa.Column("target_phone", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("responder", sa.String(length=64), server_default="", nullable=False),
        sa.Column("proof", sa.String(length=16), server_default="", nullable=False),
        sa.Column("offered_at", Instant(), nullable=False),
        sa.Column("acknowledged_at", Instant(), nullable=True),
        sa.Column("en_route_at", Instant(), nullable=True),
        sa.Column("on_scene_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_assignment_incident_id_incident")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint(
            "incident_id",
            "level",
            "target_kind",
            "target_id",
            name=op.f("uq_assignment_incident_id_level_target_kind_target_id"),
        ),
    )
    op.create_index(
        "ix_assignment_target", "assignment", ["target_kind", "target_id", "state"], unique=False
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("incident_id", sa.String(length=16), nullable=False),
        sa.Column("sender", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.String(length=200), nullable=False),
        sa.Column("destination", sa.String(length=500), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("next_at", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("last_error", sa.String(length=500), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_notice_incident_id_incident")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("key", name=op.f("uq_notice_key")),
    )
    op.create_index(op.f("ix_notice_incident_id"), "notice", ["incident_id"], unique=False)
    op.create_index("ix_notice_next_at", "notice", ["next_at"], unique=False)
    op.create_table(
        "report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.String(length=16), nullable=False),
        sa.Column("event_key", sa.String(length=200), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("injured", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("reporter_name", sa.String(length=64), server_default="", nullable=False),
        sa.Column("reporter_phone", sa.String(length=32), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_report_incident_id_incident")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("event_key", name=op.f("uq_report_event_key")),
    )
    op.create_index(op.f("ix_report_incident_id"), "report", ["incident_id"], unique=False)
