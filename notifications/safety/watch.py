"""The door for telegrams, whether from a feed or a file: one transaction each, tried again when another was quicker."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from models.access import acting_as, system
from models.db import transaction
from models.types import now
from notifications import settings
from notifications.jma import feed
from notifications.jma.feed import FeedResult
from notifications.safety import trigger
from notifications.safety.trigger import Outcome

log = logging.getLogger(__name__)
TRIES = 5
DEADLOCK, NOT_SERIALISED = "40P01", "40001"


def receive(data: bytes, *, name: str, source: str, received_at: datetime, reason: str = "JMA feed") -> Outcome:
    """Take in one telegram and commit. A second worker with the same one gets the first one's outcome.

    One that we fail at is stored with the error: it must neither be lost in a log nor be tried for ever.
    """
    for attempt in range(1, TRIES + 1):
        try:
            with acting_as(system(reason)), transaction():
                return trigger.ingest(data, name=name, source=source, received_at=received_at)
        except Exception as error:
            if attempt < TRIES and _passing(error):
                log.warning("telegram %s: another worker was quicker, trying again (%s)", name, type(error).__name__)
                continue
            if isinstance(error, (OperationalError, InterfaceError)):
                # The database is away or full: nothing can be stored, and the next reading tries again.
                raise
            log.exception("telegram %s could not be dealt with", name)
            why = f"{type(error).__name__}: {error}"
        with acting_as(system(reason)), transaction():
            return trigger.keep(data, name=name, source=source, received_at=received_at, error=why)
    raise AssertionError("unreachable")


def poll_all(urls: Sequence[str] = ()) -> list[FeedResult]:
    """Read these feeds, or all of the settings, once and take in what is new; what failed is in the results and on
    the rows."""

    def take(data: bytes, name: str, source: str) -> None:
        receive(data, name=name, source=source, received_at=now())

    with acting_as(system("JMA feed")):
        return feed.poll_all(take, urls or settings.current().jma_feeds)


def _passing(error: Exception) -> bool:
    if isinstance(error, IntegrityError):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in (DEADLOCK, NOT_SERIALISED)
