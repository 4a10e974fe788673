"""Emergency drills of use units, and random checks of visits."""

import sqlalchemy as sa
from alembic import op

from core.db import Instant

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "use_unit_drill",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("use_unit_id", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("lift_code", sa.String(length=6), server_default="", nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("course", sa.String(length=500), nullable=False),
        sa.Column("found", sa.String(length=500), server_default="", nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["use_unit_id"], ["use_unit.id"], name=op.f("fk_use_unit_drill_use_unit_id_use_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_use_unit_drill")),
    )
    op.create_index("ix_use_unit_drill_unit", "use_unit_drill", ["use_unit_id", "on"], unique=False)
    op.create_table(
        "random_check",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("within", sa.String(length=6), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("among", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_random_check")),
    )
    op.create_index(op.f("ix_random_check_at"), "random_check", ["at"], unique=False)
    op.create_table(
        "random_check_visit",
        sa.Column("check_id", sa.String(length=26), nullable=False),
        sa.Column("visit_id", sa.String(length=26), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(length=16), server_default="", nullable=False),
        sa.Column("note", sa.String(length=500), server_default="", nullable=False),
        sa.Column("by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["random_check.id"],
            name=op.f("fk_random_check_visit_check_id_random_check"),
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"],
            ["maintenance_visit.id"],
            name=op.f("fk_random_check_visit_visit_id_maintenance_visit"),
        ),
        sa.PrimaryKeyConstraint("check_id", "visit_id", name=op.f("pk_random_check_visit")),
    )
