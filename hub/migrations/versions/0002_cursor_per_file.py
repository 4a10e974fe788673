"""A hand-off cursor for every file of a source."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_CURSOR = "hand_off_cursor"


def upgrade() -> None:
    connection = op.get_bind()
    old = sa.table(_CURSOR, sa.column("source"), sa.column("file"), sa.column("row"))
    kept = [dict(row) for row in connection.execute(sa.select(old)).mappings()]
    op.drop_table(_CURSOR)
    op.create_table(
        _CURSOR,
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "file", name=op.f("pk_hand_off_cursor")),
    )
    if kept:
        op.bulk_insert(old, kept)
