"""The RQ queue: wakes workers up. The rows are the truth, so a lost, doubled or late job does no harm.

The only module that imports rq and redis.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache

import redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry as RedisRetry
from rq import Queue, Retry, Worker, worker_registration
from rq.job import Job

from notifications.settings import current

log = logging.getLogger(__name__)

NAME = "delivery"
JOBS_FOR_A_LAUNCH = 4
LAUNCH_SIZE = 50
JOB_SECONDS = 180
"""Longer than a drain's budget plus one HTTP time-out, so that RQ never kills a drain that is doing well."""

WORKER_TTL = 60
MAINTENANCE_SECONDS = 15


class QueueError(Exception):
    """Redis cannot be used just now."""


def connect(*, patient: bool = False) -> redis.Redis:
    """A connection that fails at once when Redis is down; a worker's (`patient`) may wait for work."""
    return redis.Redis.from_url(
        current().redis_url,
        socket_connect_timeout=1.0,
        socket_timeout=None if patient else 2.0,
        retry=RedisRetry(NoBackoff(), 0),
        health_check_interval=30 if patient else 0,
    )


@lru_cache(maxsize=2)
def _kept(url: str) -> redis.Redis:
    """The connections of this process for nudges: a new one takes longer than the nudge. One that Redis has closed
    meanwhile is made again at once; after a fork each process makes its own."""
    return redis.Redis.from_url(
        url, socket_connect_timeout=1.0, socket_timeout=2.0, retry=RedisRetry(NoBackoff(), 1), health_check_interval=0
    )


def nudge(jobs: int = 1) -> bool:
    """See that `jobs` drains are waiting to begin. False when Redis is down: the scheduler then drains by itself.

    What waits already counts: it will begin after this call, and so see what was committed before.
    """
    try:
        waiting = Queue(NAME, connection=_kept(current().redis_url))
        for _ in range(jobs - waiting.count):
            # Retry without an interval: one with an interval would rest in Redis until a scheduler of RQ runs.
            waiting.enqueue(
                "notifications.delivery.job",
                job_timeout=JOB_SECONDS,
                retry=Retry(max=3),
                result_ttl=0,
                failure_ttl=86_400,
            )
    except redis.RedisError as error:
        log.warning("Redis cannot be reached, the scheduler takes over: %s", error)
        return False
    return True


def alive() -> bool:
    """Whether Redis answers."""
    try:
        return bool(connect().ping())
    except redis.RedisError:
        return False


def workers() -> list[tuple[str, float]]:
    """Name and seconds since the last sign of life of every worker. Raises `QueueError`."""
    try:
        connection = connect()
        found = Worker.all(queue=Queue(NAME, connection=connection))
        return [
            (worker.name, (datetime.now(UTC) - worker.last_heartbeat).total_seconds())
            for worker in found
            if worker.last_heartbeat is not None
        ]
    except redis.RedisError as error:
        raise QueueError(str(error)) from error


def somebody_works() -> bool:
    """Whether a worker has shown a sign of life lately; one that was killed counts until its next sign is overdue."""
    try:
        return any(silent < WORKER_TTL for _, silent in workers())
    except QueueError:
        return False


class DeliveryWorker(Worker):
    """RQ's forking worker; the child must not use the parent's database connections."""

    max_connection_wait_time = 5.0
    in_child: Callable[[], None]
    end_soon: Callable[[], None]
    told_to_end = False

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        self.in_child()
        super().main_work_horse(job, queue)

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        super().heartbeat(timeout, pipeline)
        if pipeline is None and not self.is_horse:
            # A Redis that lost its memory has forgotten us: doctor would say that nobody works.
            worker_registration.register(self)

    def setup_work_horse_signals(self) -> None:
        # A unit that is stopped tells every process of it: RQ's child would die with answers of the provider in hand.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: self.end_soon())

    def handle_warm_shutdown_request(self) -> None:
        self.told_to_end = True
        if self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)


def work(
    in_child: Callable[[], None],
    while_down: Callable[[], object],
    end_soon: Callable[[], None],
    burst: bool = False,
) -> None:
    """Serve the queue until told to stop; while Redis is down, do the work without it.

    `in_child` runs in each forked child before its job; `while_down` is one round of delivery; `end_soon` lets the
    delivery under way in this process come to its end.
    """
    told_to_end = threading.Event()

    def stop(*_: object) -> None:
        told_to_end.set()
        end_soon()

    while not told_to_end.is_set():
        # RQ sets its own handlers while it serves.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        try:
            connection = connect(patient=True)
            connection.ping()
            # One queue only: with several, RQ loses a job whose worker dies between pop and register.
            worker = DeliveryWorker(
                [Queue(NAME, connection=connection)],
                connection=connection,
                worker_ttl=WORKER_TTL,
                maintenance_interval=MAINTENANCE_SECONDS,
                job_monitoring_interval=5,
            )
            worker.in_child, worker.end_soon = in_child, end_soon
            try:
                worker.work(burst=burst, logging_level="WARNING")
            finally:
                if worker.told_to_end:
                    told_to_end.set()
            # RQ also ends quietly when Redis was away or did not answer in the middle of a job.
            if burst:
                return
        except (redis.RedisError, OSError) as error:
            if not told_to_end.is_set():
                log.warning("Redis is away (%s); process %s goes on without it", error, os.getpid())
                while_down()
        told_to_end.wait(1.0)
