"""The door for telegrams, whether from a feed or a file: one transaction each, tried again when another was quicker."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import DBAPIError, IntegrityError

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
    """Take in one telegram and commit. A second worker with the same one gets the first one's outcome."""
    for attempt in range(1, TRIES + 1):
        try:
            with acting_as(system(reason)), transaction():
                return trigger.ingest(data, name=name, source=source, received_at=received_at)
        except DBAPIError as error:
            if attempt == TRIES or not _passing(error):
                raise
            log.warning("telegram %s: another worker was quicker, trying again (%s)", name, type(error).__name__)
    raise AssertionError("unreachable")


def poll_all(urls: Sequence[str] = ()) -> list[FeedResult]:
    """Read these feeds, or all of the settings, once and take in what is new; what failed is in the results and on
    the rows."""

    def take(data: bytes, name: str, source: str) -> None:
        receive(data, name=name, source=source, received_at=now())

    with acting_as(system("JMA feed")):
        return feed.poll_all(take, urls or settings.current().jma_feeds)


def _passing(error: DBAPIError) -> bool:
    if isinstance(error, IntegrityError):
        return True
    return getattr(error.orig, "sqlstate", None) in (DEADLOCK, NOT_SERIALISED)
