"""Roles by what people are, a scope for use units, and how people sign in."""

import sqlalchemy as sa
from alembic import op

from core.db import Instant

revision = "0008"
down_revision = "0007"

# What an account was for until now, where it says less than what it is for from now on.
SUPERVISOR_OF = """
CASE WHEN role = 'firm' THEN 'firm_admin'
     WHEN role <> 'supervisor' THEN role
     WHEN area = '' OR area LIKE '__0000' THEN 'province_supervisor'
     WHEN area LIKE '____00' THEN 'city_supervisor'
     ELSE 'district_supervisor' END
"""


def upgrade() -> None:
    op.add_column(
        "account", sa.Column("of_role", sa.String(length=32), nullable=False, server_default="")
    )
    op.execute(f"UPDATE account SET of_role = {SUPERVISOR_OF}")  # noqa: S608  (a constant)
    op.execute("UPDATE account SET area = '' WHERE of_role = 'province_supervisor'")
    op.drop_column("account", "role")
    op.alter_column("account", "of_role", new_column_name="role")
    # By hand: SQLite takes a column with its reference, but no reference later.
    op.execute(
        "ALTER TABLE account ADD COLUMN use_unit_id INTEGER "
        "CONSTRAINT fk_account_use_unit_id_use_unit REFERENCES use_unit (id)"
    )
    op.drop_column("account", "failed_sign_ins")
    op.drop_column("account", "locked_until")
    for name, length in (("address", 64), ("browser", 200), ("by", 16)):
        column = sa.Column(name, sa.String(length=length), nullable=False, server_default="")
        op.add_column("session", column)
    op.add_column("api_token", sa.Column("last_used_at", Instant, nullable=True))
    op.add_column("api_token", sa.Column("expires_at", Instant, nullable=True))
    op.create_table(
        "sign_in_try",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("until", Instant, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_try")),
    )
    op.create_index(op.f("ix_sign_in_try_until"), "sign_in_try", ["until"])
    op.create_table(
        "second_factor",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.String(length=300), nullable=False),
        sa.Column("began_at", Instant, nullable=False),
        sa.Column("confirmed_at", Instant, nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_second_factor_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("used_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id_account")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_account_id"), "recovery_code", ["account_id"])
