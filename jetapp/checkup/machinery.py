"""Do Redis, the workers and the clock run, and does the feed come in?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from jetapp.checkup.findings import Finding, State, Subject, Trouble, ago, reason
from jetapp.checkup.storage import connection
from models.message import Lease
from models.types import db_now
from notifications import queue
from notifications.jma import feed as feeds

WATCHED_TASKS = ("deliver", "remind")
LATEST_ROUND_SECONDS = 60.0
"""Without Redis one round of `deliver` may take 20 seconds; three of them are too many."""
SILENT_WORKER_SECONDS = 120.0
START_WORKERS = "start at least one: jetapp worker; until then the scheduler alone sends"
START_REDIS = "start Redis, or correct JETAPP_REDIS_URL; until then the scheduler alone sends"


def redis(subject: Subject) -> Finding:
    try:
        server = queue.connect()
        server.ping()
        facts: dict[str, Any] = server.info()
    except Exception as error:  # redis-py's own classes are known to notifications.queue only
        raise Trouble(f"does not answer: {reason(error)}", START_REDIS) from error
    policy = str(facts.get("maxmemory_policy", "noeviction"))
    shown = f"version {facts.get('redis_version', '?')}"
    if policy != "noeviction":
        text = f"{shown}; it may throw queued work away ({policy})"
        return Finding("redis", State.WARN, text, "set maxmemory-policy noeviction")
    if not facts.get("aof_enabled", 0):
        text = f"{shown}; without append-only file: a restart forgets the queue (rows are safe, sending starts later)"
        return Finding("redis", State.WARN, text, "set appendonly yes")
    return Finding("redis", State.OK, f"{shown}, noeviction, append-only")


def workers(subject: Subject) -> Finding:
    try:
        found = queue.workers()
    except queue.QueueError as error:
        raise Trouble(f"does not answer: {reason(error)}", START_REDIS) from error
    alive = [age for _, age in found if age <= SILENT_WORKER_SECONDS]
    if not alive:
        silent = f"; {len(found)} silent for more than {ago(SILENT_WORKER_SECONDS)}" if found else ""
        return Finding("workers", State.FAIL, f"no worker is alive{silent}", START_WORKERS)
    return Finding("workers", State.OK, f"{len(alive)} alive, last sign of life {ago(min(alive))} ago")


def scheduler(subject: Subject) -> Finding:
    with connection(subject) as reading:
        present: datetime = reading.execute(sa.select(db_now())).scalar_one()
        lease = Lease.__table__
        rows = reading.execute(sa.select(lease.c.name, lease.c.done_at).where(lease.c.name.in_(WATCHED_TASKS))).all()
    done = {name: done_at for name, done_at in rows if done_at is not None}
    missing = [task for task in WATCHED_TASKS if task not in done]
    if missing:
        text = f"has never done: {', '.join(missing)}"
        return Finding("scheduler", State.FAIL, text, "start it: jetapp scheduler (two may run)")
    ages = {task: (present - moment).total_seconds() for task, moment in done.items()}
    slowest = max(ages, key=lambda task: ages[task])
    limit = max(LATEST_ROUND_SECONDS, 6 * subject.settings.sweep_seconds)
    if ages[slowest] > limit:
        text = f"last finished {slowest} {ago(ages[slowest])} ago"
        return Finding("scheduler", State.FAIL, text, "start it again: jetapp scheduler; its log says why it stopped")
    return Finding("scheduler", State.OK, f"last round {ago(ages[slowest])} ago")


def feed(subject: Subject) -> Finding:
    wanted = subject.settings.jma_feeds
    if not wanted:
        if subject.settings.env != "production":
            return Finding("feed", State.OK, f"not configured ({subject.settings.env})")
        text = "no feed is configured: no report will ever start a check"
        return Finding("feed", State.FAIL, text, "set JETAPP_JMA_FEEDS, or unset it for JMA's own addresses")
    with connection(subject) as reading:
        found = feeds.readings(reading.execute, wanted)
    for each in found:
        said = f": {each.error}" if each.error else ""
        if each.age_seconds is None:
            todo = "start the scheduler; see that this machine may reach the address"
            return Finding("feed", State.FAIL, f"{each.url} was never read{said}", todo)
        if each.silent(subject.settings.jma_poll_seconds):
            text = f"{each.url} last read {ago(each.age_seconds)} ago{said}"
            todo = "see that the scheduler runs and the address answers; until then start checks by hand"
            return Finding("feed", State.FAIL, text, todo)
    for each in found:
        if each.error or each.missing:
            late = f"{each.missing} telegrams could not be fetched yet" if each.missing else ""
            what = late or f"the last reading failed ({reason(Exception(each.error))})"
            text = f"{each.url}: {what}, read well {ago(each.age_seconds or 0)} ago"
            return Finding("feed", State.WARN, text, "nothing yet: it is tried again; act if it stays")
    oldest = max(each.age_seconds or 0 for each in found)
    return Finding("feed", State.OK, f"{len(wanted)} read, the oldest reading {ago(oldest)} ago")
