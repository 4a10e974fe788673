"""The maintenance log: plans, visits, records, photos, duties of use units, reminders."""

import sqlalchemy as sa
from alembic import op

from core.db import Instant, Json

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "maintenance_sandbox",
        sa.Column("firm_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firm.id"], name=op.f("fk_maintenance_sandbox_firm_id_firm")
        ),
        sa.PrimaryKeyConstraint("firm_id", name=op.f("pk_maintenance_sandbox")),
    )
    op.create_table(
        "lift_service_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lift_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["lift_id"], ["lift.id"], name=op.f("fk_lift_service_move_lift_id_lift")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lift_service_move")),
    )
    op.create_index(
        "ix_lift_service_move_lift", "lift_service_move", ["lift_id", "at"], unique=False
    )
    op.create_table(
        "maintenance_check_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lift_id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=32), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("means", sa.String(length=16), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("received_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firm.id"], name=op.f("fk_maintenance_check_in_firm_id_firm")
        ),
        sa.ForeignKeyConstraint(
            ["lift_id"], ["lift.id"], name=op.f("fk_maintenance_check_in_lift_id_lift")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_check_in")),
        sa.UniqueConstraint(
            "lift_id",
            "firm_id",
            "worker",
            "at",
            name=op.f("uq_maintenance_check_in_lift_id_firm_id_worker_at"),
        ),
    )
    op.create_table(
        "maintenance_photo",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("lift_id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("received_from", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firm.id"], name=op.f("fk_maintenance_photo_firm_id_firm")
        ),
        sa.ForeignKeyConstraint(
            ["lift_id"], ["lift.id"], name=op.f("fk_maintenance_photo_lift_id_lift")
        ),
        sa.PrimaryKeyConstraint("digest", "lift_id", name=op.f("pk_maintenance_photo")),
    )
    op.create_table(
        "maintenance_plan",
        sa.Column("lift_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("street", sa.String(length=64), server_default="", nullable=False),
        sa.Column("counts_from", sa.Date(), nullable=False),
        sa.Column("resumed_on", sa.Date(), nullable=True),
        sa.Column("service", sa.String(length=16), server_default="in_service", nullable=False),
        sa.Column("service_since", Instant, nullable=True),
        sa.Column("service_reason", sa.String(length=500), server_default="", nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("last_period", sa.String(length=16), server_default="", nullable=False),
        sa.Column("demand", Json, nullable=True),
        sa.Column("fell_back_on", sa.Date(), nullable=True),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("check_due_on", sa.Date(), nullable=True),
        sa.Column("check_kind", sa.String(length=16), server_default="", nullable=False),
        sa.Column("looked_at", Instant, nullable=False),
        sa.Column("wake_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["lift_id"], ["lift.id"], name=op.f("fk_maintenance_plan_lift_id_lift")
        ),
        sa.PrimaryKeyConstraint("lift_id", name=op.f("pk_maintenance_plan")),
    )
    op.create_index(
        "ix_maintenance_plan_check_due_on", "maintenance_plan", ["check_due_on"], unique=False
    )
    op.create_index("ix_maintenance_plan_due_on", "maintenance_plan", ["due_on"], unique=False)
    op.create_index("ix_maintenance_plan_wake_at", "maintenance_plan", ["wake_at"], unique=False)
    op.create_table(
        "maintenance_reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lift_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("duty", sa.String(length=16), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("mark", sa.Integer(), nullable=False),
        sa.Column("told", sa.String(length=16), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["lift_id"], ["lift.id"], name=op.f("fk_maintenance_reminder_lift_id_lift")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_reminder")),
        sa.UniqueConstraint("lift_id", "key", name=op.f("uq_maintenance_reminder_lift_id_key")),
    )
    op.create_index(
        op.f("ix_maintenance_reminder_at"), "maintenance_reminder", ["at"], unique=False
    )
    op.create_table(
        "maintenance_visit",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("lift_id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("called_for_by", sa.String(length=16), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("workers", Json, nullable=False),
        sa.Column("started_at", Instant, nullable=True),
        sa.Column("began_at", Instant, nullable=True),
        sa.Column("ended_at", Instant, nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("received_at", Instant, nullable=True),
        sa.Column("record_id", sa.String(length=26), nullable=True),
        sa.Column("by_code", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("remarks", Json, nullable=False),
        sa.Column("hazards", Json, nullable=False),
        sa.Column("submitted_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("confirm_by", Instant, nullable=True),
        sa.Column("confirmed_at", Instant, nullable=True),
        sa.Column("confirmed_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("reason", sa.String(length=500), server_default="", nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firm.id"], name=op.f("fk_maintenance_visit_firm_id_firm")
        ),
        sa.ForeignKeyConstraint(
            ["lift_id"], ["lift.id"], name=op.f("fk_maintenance_visit_lift_id_lift")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["firm_team.id"], name=op.f("fk_maintenance_visit_team_id_firm_team")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_visit")),
    )
    op.create_index(
        "ix_maintenance_visit_confirm_by", "maintenance_visit", ["confirm_by"], unique=False
    )
    op.create_index(
        "ix_maintenance_visit_done_on", "maintenance_visit", ["done_on", "firm_id"], unique=False
    )
    op.create_index(
        "ix_maintenance_visit_firm",
        "maintenance_visit",
        ["firm_id", "state", "planned_on"],
        unique=False,
    )
    op.create_index(
        "ix_maintenance_visit_lift",
        "maintenance_visit",
        ["lift_id", "state", "done_on"],
        unique=False,
    )
    op.create_table(
        "use_unit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("use_unit_id", sa.Integer(), nullable=False),
        sa.Column("lift_id", sa.Integer(), nullable=True),
        sa.Column("duty", sa.String(length=16), nullable=False),
        sa.Column("span_first", sa.Date(), nullable=False),
        sa.Column("about", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("list_version", sa.String(length=16), nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.Column("note", sa.String(length=500), server_default="", nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["lift_id"], ["lift.id"], name=op.f("fk_use_unit_entry_lift_id_lift")
        ),
        sa.ForeignKeyConstraint(
            ["use_unit_id"], ["use_unit.id"], name=op.f("fk_use_unit_entry_use_unit_id_use_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_use_unit_entry")),
        sa.UniqueConstraint(
            "use_unit_id",
            "duty",
            "about",
            "span_first",
            name=op.f("uq_use_unit_entry_use_unit_id_duty_about_span_first"),
        ),
    )
    op.create_table(
        "maintenance_record",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("lift_code", sa.String(length=6), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("amends", sa.String(length=26), nullable=True),
        sa.Column("why", sa.String(length=500), server_default="", nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=26), nullable=True),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firm.id"], name=op.f("fk_maintenance_record_firm_id_firm")
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"],
            ["maintenance_visit.id"],
            name=op.f("fk_maintenance_record_visit_id_maintenance_visit"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_record")),
        sa.UniqueConstraint("lift_code", "seq", name=op.f("uq_maintenance_record_lift_code_seq")),
    )
    op.create_index(
        op.f("ix_maintenance_record_visit_id"), "maintenance_record", ["visit_id"], unique=False
    )
    op.create_table(
        "maintenance_request",
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.String(length=26), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firm.id"], name=op.f("fk_maintenance_request_firm_id_firm")
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["maintenance_record.id"],
            name=op.f("fk_maintenance_request_record_id_maintenance_record"),
        ),
        sa.PrimaryKeyConstraint("firm_id", "key", name=op.f("pk_maintenance_request")),
    )
