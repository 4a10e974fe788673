"""The fingerprint of what was told, so that a key that is used again is noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "report",
        sa.Column("fingerprint", sa.String(length=64), server_default="", nullable=False),
    )
