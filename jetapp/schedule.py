"""What runs when: one list of (task, interval), and the clock that runs it. One clock may die, two may run."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from models.access import acting_as, system
from models.db import db, system_connection, transaction
from models.message import Lease
from models.types import db_now
from notifications import claims, delivery, queue
from notifications.channels import lanes_set_up
from notifications.safety import chase, watch
from notifications.settings import current

log = logging.getLogger(__name__)

ALONE_SECONDS = 20.0
"""How long one round of sending without workers may take."""
STUCK_SECONDS = 60.0
"""A message that has been due for so long is sent from here too, whatever the workers say of themselves."""
LEASE_SECONDS = 60.0
LONGEST_SECONDS = 900.0
"""For so long a task that is still at work keeps others away; after that it may hang, and another clock may try."""


def remind() -> None:
    """Write the reminders that are due, and another way for people whose message failed for good."""
    with acting_as(system("reminders")), transaction():
        chase.remind()
        chase.other_ways()


def deliver() -> None:
    """See that what is due is being sent: wake the workers, or send from here when there are none or it takes long."""
    with system_connection(db.engine) as connection:
        claims.sweep(connection, current().unknown_wait_seconds)
        waiting = claims.due(connection, lanes_set_up(current()))
    if not waiting:
        return
    woken = queue.nudge(jobs=2) and queue.somebody_works()
    if not woken or waiting.oldest_seconds > STUCK_SECONDS:
        delivery.drain(ALONE_SECONDS)


def read_feed(url: str) -> None:
    """Ask one of JMA's feeds for news."""
    watch.poll_all((url,))


@dataclass(frozen=True)
class Task:
    name: str
    run: Callable[[], None]
    seconds: Callable[[], float]


TASKS = (
    Task("deliver", deliver, lambda: current().sweep_seconds),
    Task("remind", remind, lambda: current().sweep_seconds),
)


def tasks() -> tuple[Task, ...]:
    """What the clock has to do. Each feed by itself: after a gap thousands of weather reports may have to be read,
    and the earthquake that comes meanwhile is in the other feed."""
    feeds = (
        Task(f"feed {number}", partial(read_feed, url), lambda: float(current().jma_poll_seconds))
        for number, url in enumerate(current().jma_feeds, 1)
    )
    return (*TASKS, *feeds)


def hold(name: str, holder: str, seconds: float) -> bool:
    """Take the lease `name` for `seconds` if nobody else holds it. By the database's clock."""
    lease = Lease.__table__
    with system_connection(db.engine) as connection:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        statement = insert(lease).values(name=name, holder=holder, until=db_now(seconds))
        taken = connection.execute(
            statement.on_conflict_do_update(
                index_elements=["name"],
                set_={"holder": holder, "until": db_now(seconds)},
                where=sa.or_(lease.c.until <= db_now(), lease.c.holder == holder),
                # Not the row count: psycopg names none for an INSERT.
            ).returning(lease.c.name)
        )
        return taken.first() is not None


@contextmanager
def _held(name: str, holder: str) -> Iterator[None]:
    """Renew the lease while the task is at work: a feed read after a gap may take minutes."""
    app, done = current_app._get_current_object(), threading.Event()  # type: ignore[attr-defined]
    ends = time.monotonic() + LONGEST_SECONDS

    def renew() -> None:
        while not done.wait(LEASE_SECONDS / 3) and time.monotonic() < ends:
            with app.app_context(), suppress(OperationalError):
                hold(name, holder, LEASE_SECONDS)

    thread = threading.Thread(target=renew, name=f"lease of {name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        # Not after the task has given the lease back.
        thread.join()


def finished(name: str, holder: str, pause: float) -> None:
    """The task is done for now: the next round, by whoever comes first, after `pause` seconds."""
    lease = Lease.__table__
    with system_connection(db.engine) as connection:
        connection.execute(
            sa.update(lease)
            .where(lease.c.name == name, lease.c.holder == holder)
            .values(until=db_now(pause), done_at=db_now(), holder="")
        )


def run_once(task: Task, holder: str) -> bool:
    """One round of a task if it is its time and nobody else is at it. True if it ran; errors are logged, not raised."""
    try:
        if not hold(task.name, holder, LEASE_SECONDS):
            return False
        try:
            with _held(task.name, holder):
                task.run()
        finally:
            finished(task.name, holder, task.seconds())
    except OperationalError as error:
        log.warning("the database is away, the scheduled task %s will be tried again: %s", task.name, error.orig)
    except Exception:
        log.exception("the scheduled task %s failed; it will be tried again", task.name)
    return True


def run_for_ever(app: Flask, stop: threading.Event) -> None:
    """The clock: each task in a thread of its own, so that a feed that hangs never holds up a message or a feed."""
    holder = f"{socket.gethostname()}:{os.getpid()}"

    def keep(task: Task) -> None:
        while not stop.is_set():
            with app.app_context():
                run_once(task, holder)
            stop.wait(min(task.seconds(), 5.0))

    threads = [threading.Thread(target=keep, args=(task,), name=task.name, daemon=True) for task in tasks()]
    for thread in threads:
        thread.start()
    stop.wait()
    # Long enough for answers that a drain of this process still waits for.
    until = time.monotonic() + current().send_timeout_seconds + 5
    for thread in threads:
        thread.join(timeout=max(0.1, until - time.monotonic()) if thread.name == "deliver" else 1.0)
