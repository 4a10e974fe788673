"""What a program's token is for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    purpose = sa.Column("only_for", sa.String(length=32), nullable=False, server_default="")
    op.add_column("api_token", purpose)
