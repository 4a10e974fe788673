"""Alembic's entry: migrate the connection that hub.schema hands over."""

from alembic import context

from core.db import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
)
with context.begin_transaction():
    context.run_migrations()
