"""Messages are rows before they are jobs: writing them, in the transaction of whoever needs them sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from models.db import after_commit, db
from models.message import Message
from notifications import queue


def write(rows: Sequence[Mapping[str, Any]]) -> int:
    """Write messages that are not there yet (same `key` = same message) and ask for delivery after the commit.

    `rows` hold the columns of `Message` without `state` and `uuid`; every row the same columns. Returns how many
    were new.
    """
    if not rows:
        return 0
    session = db.session()
    connection = session.connection()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(Message.__table__).on_conflict_do_nothing(index_elements=["key"])
    # RETURNING makes SQLAlchemy send many rows in one statement, and tells which of them were new.
    written = len(connection.execute(statement.returning(Message.__table__.c.id), [dict(r) for r in rows]).all())
    after_commit(lambda: queue.nudge(queue.JOBS_FOR_A_LAUNCH if len(rows) > queue.LAUNCH_SIZE else 1))
    return written
