"""The clock: each task by itself, whoever holds the lease, and none stopped by another's trouble."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

import pytest
import sqlalchemy as sa
from flask import Flask

from jetapp import schedule
from jetapp.schedule import Task, hold, run_once
from models.db import db
from models.disaster import FeedState, SafetyCheck
from models.message import Lease
from notifications import settings
from tests.factories import make_world
from tests.notifications.jma.test_feed import Files, files, telegram

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
