"""The dialect in which a gateway speaks."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    dialect = sa.Column("dialect", sa.String(length=32), nullable=False, server_default="canonical")
    op.add_column("gateway", dialect)
