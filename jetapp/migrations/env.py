"""Runs migrations on the application's own engine; the same history serves SQLite and PostgreSQL."""

from __future__ import annotations

from alembic import context
from flask import current_app

from models.db import WRITE, Base, db

target = Base.metadata


def run() -> None:
    with db.engine.connect().execution_options(**{WRITE: True}) as connection:
        context.configure(
            connection=connection,
            target_metadata=target,
            render_as_batch=True,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


assert current_app is not None
run()
