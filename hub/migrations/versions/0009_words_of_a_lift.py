"""The words that a lift is found by, and how they are spoken."""

import sqlalchemy as sa
from alembic import op

from core.words import Bytewise, Words, statements

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "lift_words",
        sa.Column("lift_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("words", Words(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["lift_id"], ["lift.id"], name=op.f("fk_lift_words_lift_id_lift")),
        sa.PrimaryKeyConstraint("lift_id", name=op.f("pk_lift_words")),
    )
    op.create_index(op.f("ix_lift_words_version"), "lift_words", ["version"])
    op.create_table(
        "reading",
        sa.Column("text", Bytewise, nullable=False),
        sa.Column("spelled", Bytewise, nullable=False),
        sa.Column("initials", Bytewise, nullable=False),
        sa.Column("sounds", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("text", "spelled", name=op.f("pk_reading")),
    )
    op.create_index(op.f("ix_reading_spelled"), "reading", ["spelled"])
    op.create_index(op.f("ix_reading_initials"), "reading", ["initials"])
    for statement in statements("lift_words", "lift_id", op.get_bind().dialect.name):
        op.execute(statement)
