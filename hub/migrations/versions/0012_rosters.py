"""Duty rosters of stations, firms and teams."""

import sqlalchemy as sa
from alembic import op

from core.db import Instant, Json

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "roster",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_kind", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("holidays", Json, nullable=False),
        sa.Column("wake_at", Instant, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster")),
        sa.UniqueConstraint("owner_kind", "owner_id", name=op.f("uq_roster_owner_kind_owner_id")),
    )
    op.create_index("ix_roster_wake_at", "roster", ["wake_at"], unique=False)
    op.create_table(
        "roster_person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("roster_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), server_default="", nullable=False),
        sa.Column("phone", sa.String(length=32), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["roster_id"], ["roster.id"], name=op.f("fk_roster_person_roster_id_roster")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_person")),
        sa.UniqueConstraint("roster_id", "code", name=op.f("uq_roster_person_roster_id_code")),
    )
    op.create_table(
        "roster_rota",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("roster_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("shift", sa.String(length=32), nullable=False),
        sa.Column("begins", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.String(length=7), nullable=False),
        sa.Column("holidays", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["roster_id"], ["roster.id"], name=op.f("fk_roster_rota_roster_id_roster")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_rota")),
        sa.UniqueConstraint(
            "roster_id",
            "person",
            "shift",
            "first_on",
            name=op.f("uq_roster_rota_roster_id_person_shift_first_on"),
        ),
    )
    op.create_table(
        "roster_swap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("roster_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shift", sa.String(length=32), nullable=False),
        sa.Column("leaves", sa.String(length=32), nullable=False),
        sa.Column("takes", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["roster_id"], ["roster.id"], name=op.f("fk_roster_swap_roster_id_roster")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_swap")),
        sa.UniqueConstraint(
            "roster_id",
            "day",
            "shift",
            "leaves",
            name=op.f("uq_roster_swap_roster_id_day_shift_leaves"),
        ),
    )
    op.create_table(
        "roster_leave",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("roster_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("stand_in", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["roster_id"], ["roster.id"], name=op.f("fk_roster_leave_roster_id_roster")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_leave")),
    )
    op.create_index(
        "ix_roster_leave_roster", "roster_leave", ["roster_id", "last_on"], unique=False
    )
