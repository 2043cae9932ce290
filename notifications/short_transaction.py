"""Short transactions of the machinery beside an event loop, tried again when the database is away for a moment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from models.db import system_connection

log = logging.getLogger(__name__)
T = TypeVar("T")

DATABASE_TRIES = 60


async def in_database(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Run `work` in a short transaction beside the event loop; again when the database restarts or calls a deadlock.

    What a provider has answered is in hand here and nowhere else, so it is kept and tried for a minute.
    """

    def attempt() -> T:
        with system_connection(engine) as connection:
            return work(connection)

    for number in range(DATABASE_TRIES):
        try:
            return await asyncio.to_thread(attempt)
        except (OperationalError, InterfaceError, DBAPIError) as error:
            if number == DATABASE_TRIES - 1 or not _passing(error):
                raise
            log.warning("the database is away or busy, trying again: %s", error.orig)
            await asyncio.sleep(min(0.05 * 2**number, 1.0))
    raise AssertionError("unreachable")


def _passing(error: DBAPIError) -> bool:
    """Whether it is worth trying again: a lost connection, a restart, a deadlock, a lock not had in time."""
    state = getattr(error.orig, "sqlstate", None)
    return (
        error.connection_invalidated
        or isinstance(error, OperationalError)
        or state in ("40P01", "40001", "57P01", "57P02", "57P03")
    )
