"""What the register holds beside what exists: papers, people, contracts, inspections."""

import sqlalchemy as sa
from alembic import op

from core.db import Json

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("owner_kind", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("owner_kind", "owner_id", "role", "phone", name=op.f("pk_contact")),
    )
    op.create_table(
        "division",
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("name_zh", sa.String(length=64), nullable=False),
        sa.Column("name_en", sa.String(length=64), server_default="", nullable=False),
        sa.Column("parent", sa.String(length=6), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_division")),
    )
    op.create_index(op.f("ix_division_parent"), "division", ["parent"], unique=False)
    op.create_table(
        "firm_team",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_firm_team_firm_id_firm")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm_team")),
        sa.UniqueConstraint("firm_id", "code", name=op.f("uq_firm_team_firm_id_code")),
    )
    op.create_table(
        "meal_delivery",
        sa.Column("kitchen_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=200), nullable=False),
        sa.Column("leaves_at", sa.Time(), nullable=False),
        sa.Column("meals", sa.Integer(), nullable=False),
        sa.Column("recipient_kitchen_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["kitchen_id"], ["kitchen.id"], name=op.f("fk_meal_delivery_kitchen_id_kitchen")
        ),
        sa.ForeignKeyConstraint(
            ["recipient_kitchen_id"],
            ["kitchen.id"],
            name=op.f("fk_meal_delivery_recipient_kitchen_id_kitchen"),
        ),
        sa.PrimaryKeyConstraint(
            "kitchen_id", "recipient", "leaves_at", name=op.f("pk_meal_delivery")
        ),
    )
    op.create_index(
        op.f("ix_meal_delivery_recipient_kitchen_id"),
        "meal_delivery",
        ["recipient_kitchen_id"],
        unique=False,
    )
    op.create_table(
        "station_equipment",
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_station_equipment_station_id_station")
        ),
        sa.PrimaryKeyConstraint("station_id", "name", name=op.f("pk_station_equipment")),
    )
    op.create_table(
        "contract",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lift_id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_contract_firm_id_firm")),
        sa.ForeignKeyConstraint(["lift_id"], ["lift.id"], name=op.f("fk_contract_lift_id_lift")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
        sa.UniqueConstraint("lift_id", "starts_on", name=op.f("uq_contract_lift_id_starts_on")),
    )
    op.create_index(op.f("ix_contract_ends_on"), "contract", ["ends_on"], unique=False)
    op.create_index(op.f("ix_contract_firm_id"), "contract", ["firm_id"], unique=False)
    op.create_table(
        "firm_worker",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("certificate_number", sa.String(length=64), server_default="", nullable=False),
        sa.Column("certificate_until", sa.Date(), nullable=True),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_firm_worker_firm_id_firm")),
        sa.ForeignKeyConstraint(
            ["team_id"], ["firm_team.id"], name=op.f("fk_firm_worker_team_id_firm_team")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm_worker")),
        sa.UniqueConstraint("firm_id", "code", name=op.f("uq_firm_worker_firm_id_code")),
    )
    op.create_index(
        op.f("ix_firm_worker_certificate_until"), "firm_worker", ["certificate_until"], unique=False
    )
    op.create_table(
        "inspection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lift_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("result", sa.String(length=32), nullable=False),
        sa.Column("body", sa.String(length=200), nullable=False),
        sa.Column("report_number", sa.String(length=64), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["lift_id"], ["lift.id"], name=op.f("fk_inspection_lift_id_lift")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection")),
        sa.UniqueConstraint("report_number", name=op.f("uq_inspection_report_number")),
    )
    op.create_index(op.f("ix_inspection_lift_id"), "inspection", ["lift_id"], unique=False)
    op.create_index(op.f("ix_inspection_valid_until"), "inspection", ["valid_until"], unique=False)
    op.create_table(
        "lift_dossier",
        sa.Column("lift_id", sa.Integer(), nullable=False),
        sa.Column("project", sa.String(length=100), server_default="", nullable=False),
        sa.Column("unit", sa.String(length=32), server_default="", nullable=False),
        sa.Column("in_house_number", sa.String(length=32), server_default="", nullable=False),
        sa.Column(
            "registration_certificate", sa.String(length=64), server_default="", nullable=False
        ),
        sa.Column("product_number", sa.String(length=64), server_default="", nullable=False),
        sa.Column("brand", sa.String(length=64), server_default="", nullable=False),
        sa.Column("model", sa.String(length=64), server_default="", nullable=False),
        sa.Column("manufacturer", sa.String(length=200), server_default="", nullable=False),
        sa.Column("installer", sa.String(length=200), server_default="", nullable=False),
        sa.Column("owner", sa.String(length=200), server_default="", nullable=False),
        sa.Column("made_on", sa.Date(), nullable=True),
        sa.Column("installed_on", sa.Date(), nullable=True),
        sa.Column("renovated_on", sa.Date(), nullable=True),
        sa.Column("stops", sa.Integer(), nullable=True),
        sa.Column("doors", sa.Integer(), nullable=True),
        sa.Column("base_floor", sa.Integer(), nullable=True),
        sa.Column("floor_names", Json, server_default="{}", nullable=False),
        sa.Column("technical", Json, server_default="{}", nullable=False),
        sa.Column("coordinate_origin", sa.String(length=8), server_default="wgs84", nullable=False),
        sa.Column("safety_officer", sa.String(length=64), server_default="", nullable=False),
        sa.Column("on_demand_since", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["lift_id"], ["lift.id"], name=op.f("fk_lift_dossier_lift_id_lift")
        ),
        sa.PrimaryKeyConstraint("lift_id", name=op.f("pk_lift_dossier")),
    )
    op.add_column(
        "kitchen",
        sa.Column("operator_code", sa.String(length=18), server_default="", nullable=False),
    )
    op.add_column(
        "kitchen", sa.Column("serves", sa.String(length=200), server_default="", nullable=False)
    )
    op.add_column("kitchen", sa.Column("licence_until", sa.Date(), nullable=True))
    op.add_column("kitchen", sa.Column("kitchen_m2", sa.Integer(), nullable=True))
    op.add_column("kitchen", sa.Column("meals_a_day", sa.Integer(), nullable=True))
    op.add_column("kitchen", sa.Column("latitude", sa.Float(), nullable=True))
    op.add_column("kitchen", sa.Column("longitude", sa.Float(), nullable=True))
    op.add_column(
        "lift", sa.Column("status", sa.String(length=16), server_default="in_use", nullable=False)
    )
