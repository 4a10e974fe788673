"""Credentials of gateways, and the newest test call of every lift."""

import sqlalchemy as sa
from alembic import op

from core.db import Instant

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "gateway_credential",
        sa.Column("gateway_id", sa.String(length=32), nullable=False),
        sa.Column("verifier", sa.String(length=160), nullable=False),
        sa.Column("issued_at", Instant, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("revoked_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["gateway.id"], name=op.f("fk_gateway_credential_gateway_id_gateway")
        ),
        sa.PrimaryKeyConstraint("gateway_id", name=op.f("pk_gateway_credential")),
    )
    op.create_table(
        "lift_test_call",
        sa.Column("lift_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("passed_at", Instant, nullable=True),
        sa.Column("gateway_id", sa.String(length=32), nullable=False),
        sa.Column("microphone", sa.Boolean(), nullable=True),
        sa.Column("loudspeaker", sa.Boolean(), nullable=True),
        sa.Column("battery_pct", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["lift_id"], ["lift.id"], name=op.f("fk_lift_test_call_lift_id_lift")
        ),
        sa.PrimaryKeyConstraint("lift_id", name=op.f("pk_lift_test_call")),
    )
    op.create_index(
        op.f("ix_lift_test_call_passed_at"), "lift_test_call", ["passed_at"], unique=False
    )
