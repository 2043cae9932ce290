"""The clock: each task by itself, whoever holds the lease, and none stopped by another's trouble."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic

import pytest
import sqlalchemy as sa
from flask import Flask
from rq import Queue, Worker

from jetapp import schedule
from jetapp.schedule import Task, hold, run_once
from models.db import db
from models.disaster import FeedState, SafetyCheck
from models.message import Lease
from models.participant import Channel
from notifications import queue, settings
from tests.factories import make_world
from tests.notifications.carrier import pass_time, use, write_messages
from tests.notifications.jma.test_feed import Files, files, telegram
from tests.sandbox_process import Sandbox

__all__ = ["files"]
pytestmark = pytest.mark.usefixtures("system")
PATIENCE = 30.0


def until(found: Callable[[], object], what: str, stopped: threading.Event) -> None:
    """Wait for a condition; an error when it does not come."""
    ends = monotonic() + PATIENCE
    while not found():
        assert monotonic() < ends, what
        stopped.wait(0.02)
        db.session.rollback()


def count(model: type) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_an_earthquake_is_read_while_another_feed_is_still_being_replayed(
    app: Flask, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_world()
    files.feed("extra.xml")
    files.feed("extra_l.xml", *[f"{files.base}/{number}" for number in range(100)])
    files.slow.add("/extra_l.xml")
    files.feed("eqvol.xml", telegram(files, 1))
    both = (f"{files.base}/extra.xml", f"{files.base}/eqvol.xml")
    monkeypatch.setattr(settings, "_current", replace(settings.current(), jma_feeds=both))
    db.session.rollback()
    stop = threading.Event()
    clock = threading.Thread(target=schedule.run_for_ever, args=(app, stop))
    clock.start()
    try:
        until(lambda: count(SafetyCheck), "the earthquake waits for the other feed", stop)
        assert db.session.get(FeedState, both[0]) is None, "the other feed is still being read"
    finally:
        files.slow.clear()
        until(lambda: count(FeedState) == 2, "the slow feed ends when it may", stop)
        stop.set()
        clock.join()


def test_two_clocks_share_a_task_and_an_error_frees_it() -> None:
    ran = []

    def fail() -> None:
        ran.append(hold("t", "second", 60.0))
        raise RuntimeError("no")

    task = Task("t", fail, lambda: 0.0)
    assert run_once(task, "first")
    assert ran == [False], "while one is at it the other may not"
    assert db.session.scalars(sa.select(Lease.holder).where(Lease.name == "t")).one() == ""
    assert run_once(task, "second"), "an error of the one does not keep the other from trying"


def test_a_long_task_keeps_others_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "LEASE_SECONDS", 0.3)
    taken = []

    def long() -> None:
        ends = monotonic() + 1.0
        while monotonic() < ends:
            taken.append(hold("t", "second", 60.0))
            threading.Event().wait(0.05)

    assert run_once(Task("t", long, lambda: 0.0), "first")
    assert len(taken) > 5
    assert not any(taken)


@pytest.fixture
def worker(app: Flask) -> Iterator[None]:
    """A worker that gives signs of life and does nothing."""
    connection = queue.connect()
    idle = Worker([Queue(queue.NAME, connection=connection)], connection=connection)
    idle.register_birth()  # type: ignore[no-untyped-call]
    yield
    idle.register_death()  # type: ignore[no-untyped-call]


def test_without_any_worker_the_clock_sends_itself(carrier: Sandbox) -> None:
    write_messages(3)
    assert queue.alive()
    schedule.deliver()
    assert carrier.stats()["accepted"] == 3


@pytest.mark.usefixtures("worker")
def test_workers_are_woken_and_helped_when_it_takes_long(carrier: Sandbox) -> None:
    write_messages(3)
    schedule.deliver()
    assert carrier.stats()["accepted"] == 0, "a worker is there for this"
    pass_time(schedule.STUCK_SECONDS + 1)
    schedule.deliver()
    assert carrier.stats()["accepted"] == 3


def test_messages_for_a_channel_that_is_not_set_up_wake_nobody(
    carrier: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_messages(3)
    use(monkeypatch, replace(settings.current(), twilio_account_sid=""))
    with queue.connect() as connection:
        jobs = Queue(queue.NAME, connection=connection)
        jobs.empty()  # type: ignore[no-untyped-call]
        schedule.deliver()
        assert jobs.count == 0
    write_messages(1, Channel.EMAIL)
    schedule.deliver()
    assert carrier.stats()["mails"]["accepted"] == 1
