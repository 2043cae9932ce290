"""The figures of `/metrics`, read from the rows when they are asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.engine import Connection, Engine

from models.disaster import CheckState, Recipient, SafetyCheck
from models.message import Lease, Message, MessageState, Sender
from models.types import db_now
from notifications import queue
from notifications.jma.feed import readings
from notifications.settings import current

log = logging.getLogger(__name__)

message, recipient, check = Message.__table__, Recipient.__table__, SafetyCheck.__table__


class Figures(Collector):
    """Counts and ages only, nothing about a person. What cannot be read is left out, and `jetapp_up` says so."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterable[GaugeMetricFamily]:
        up = GaugeMetricFamily("jetapp_up", "1 when it could be asked", labels=["what"])
        try:
            with self._engine.connect() as connection:
                found = list(_rows(connection))
            up.add_metric(["database"], 1)
            yield from found
        except sa.exc.SQLAlchemyError:
            log.exception("no figures from the database")
            up.add_metric(["database"], 0)
        try:
            workers = GaugeMetricFamily("jetapp_workers", "Workers known to Redis")
            workers.add_metric([], len(queue.workers()))
            up.add_metric(["redis"], 1)
            yield workers
        except queue.QueueError:
            up.add_metric(["redis"], 0)
        yield up


def _rows(connection: Connection) -> Iterator[GaugeMetricFamily]:
    present: datetime = connection.execute(sa.select(db_now())).scalar_one()

    by_state = GaugeMetricFamily("jetapp_messages", "Messages by channel and state", labels=["channel", "state"])
    for channel, state, count in connection.execute(
        sa.select(message.c.channel, message.c.state, sa.func.count()).group_by(message.c.channel, message.c.state)
    ):
        by_state.add_metric([channel.value, state.value], count)
    yield by_state

    yield _one(
        "jetapp_oldest_pending_seconds",
        "Age of the oldest message that should have left",
        _age(
            connection,
            sa.select(sa.func.min(message.c.due_at)).where(
                message.c.state == MessageState.PENDING, message.c.due_at <= db_now()
            ),
            present,
        ),
    )
    yield _one(
        "jetapp_oldest_doubt_seconds",
        "Age of the oldest message of which nobody knows whether it was sent",
        _age(
            connection,
            sa.select(sa.func.min(message.c.submitted_at)).where(message.c.state == MessageState.UNKNOWN),
            present,
        ),
    )

    running = sa.select(check.c.id).where(check.c.state == CheckState.RUNNING)
    checks = GaugeMetricFamily("jetapp_checks_running", "Safety checks that are running", labels=["drill"])
    for drill, count in connection.execute(
        sa.select(check.c.drill, sa.func.count()).where(check.c.state == CheckState.RUNNING).group_by(check.c.drill)
    ):
        checks.add_metric(["yes" if drill else "no"], count)
    yield checks

    people = GaugeMetricFamily("jetapp_people_asked", "People asked in running checks, by answer", labels=["answer"])
    for answer, count in connection.execute(
        sa.select(recipient.c.answer, sa.func.count())
        .where(recipient.c.check_id.in_(running))
        .group_by(recipient.c.answer)
    ):
        people.add_metric([answer.value if answer else "none"], count)
    yield people

    tasks = GaugeMetricFamily("jetapp_task_age_seconds", "Since a periodic task was last finished", labels=["task"])
    for name, done_at in connection.execute(sa.select(Lease.__table__.c.name, Lease.__table__.c.done_at)):
        if done_at is not None:
            tasks.add_metric([name], (present - done_at).total_seconds())
    yield tasks

    ages = GaugeMetricFamily("jetapp_feed_age_seconds", "Since a feed was last read well", labels=["feed"])
    missing = GaugeMetricFamily(
        "jetapp_feed_missing", "Telegrams of a feed that could not be fetched yet", labels=["feed"]
    )
    for feed in readings(connection.execute, current().jma_feeds):
        if feed.age_seconds is not None:
            ages.add_metric([feed.url], feed.age_seconds)
        missing.add_metric([feed.url], feed.missing)
    yield ages
    yield missing

    paused = GaugeMetricFamily("jetapp_sender_paused", "1 when a sender is stopped", labels=["channel"])
    for channel, stopped in connection.execute(sa.select(Sender.__table__.c.channel, Sender.__table__.c.paused)):
        paused.add_metric([channel.value], int(stopped))
    yield paused


def _age(connection: Connection, oldest: sa.Select[Any], present: datetime) -> float:
    moment: datetime | None = connection.execute(oldest).scalar_one()
    return max(0.0, (present - moment).total_seconds()) if moment is not None else 0.0


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family
