"""Under which alarm another is folded."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    into = sa.Column("folded_into", sa.String(length=200), nullable=False, server_default="")
    op.add_column("alarm", into)
    op.create_index("ix_alarm_folded_into", "alarm", ["folded_into"])
