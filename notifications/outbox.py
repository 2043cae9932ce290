"""Messages are rows before they are jobs: writing them, in the transaction of whoever needs them sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.db import after_commit, db
from models.message import Message
from notifications import bulk, queue


def write(rows: Sequence[Mapping[str, Any]]) -> int:
    """Write messages that are not there yet (same `key` = same message) and ask for delivery after the commit.

    `rows` hold the columns of `Message` without `state` and `uuid`; every row the same columns. Returns how many
    were new.
    """
    if not rows:
        return 0
    written = len(bulk.insert_new(db.session.connection(), Message.__table__, rows, key=["key"], returning="id"))
    after_commit(lambda: queue.nudge(queue.JOBS_FOR_A_LAUNCH if len(rows) > queue.LAUNCH_SIZE else 1))
    return written
