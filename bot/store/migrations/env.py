"""Alembic's entry point: runs the migrations on the connection that `bot.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from bot.store.schema import Base

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("run migrations with: mesoguide migrate (bot.store.migrate.migrate), not with alembic alone")

context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
