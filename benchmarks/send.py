"""Messages per second, from the launch of a check to the last row committed as accepted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import psycopg
import redis
from rq import Queue, Worker

from benchmarks import bare_loop, one_job_each
from benchmarks.figures import Line, middle, spread
from benchmarks.ground import ACTOR, Ground, Sizes, application, plain, processes, wait
from models.access import acting_as
from models.db import transaction
from notifications import queue
from notifications.safety import checks
from tests.sandbox_process import Sandbox, sandbox_process

WORKERS = 2
EVERYWHERE = [checks.Area(f"pref:{number:02d}") for number in range(1, 48)]
OPEN = "SELECT EXISTS (SELECT FROM {table} WHERE state IN ('pending', 'submitting'))"
LAST = "SELECT extract(epoch FROM max(pg_xact_commit_timestamp(xmin)))::float8 FROM {table} WHERE state = 'accepted'"


@dataclass(frozen=True)
class Sent:
    """One launch: seconds until it was committed, and until its last message was."""

    launched: float
    finished: float


def launch(key: str) -> float:
    """Start a check that asks everybody; the seconds that took."""
    started = time.monotonic()
    with acting_as(ACTOR), transaction():
        checks.start(key=key, title_en="Benchmark", areas=EVERYWHERE)
    return time.monotonic() - started


def forget(connection: psycopg.Connection[Any]) -> None:
    """Take away what a launch left."""
    connection.execute("TRUNCATE safety_check CASCADE")
    connection.execute("UPDATE sender SET next_free_at = NULL, slow_until = NULL")
    connection.execute("VACUUM ANALYZE")


class Bench:
    """One database, one carrier, and the four ways of sending."""

    def __init__(self, ground: Ground, sizes: Sizes, url: str, sandbox: Sandbox) -> None:
        self.ground, self.sizes, self.url, self.sandbox = ground, sizes, url, sandbox
        self.conninfo = url.replace("postgresql+psycopg", "postgresql")
        self.carrier = bare_loop.Carrier(sandbox.http, sandbox.account_sid, sandbox.auth_token, sandbox.sender)
        self.connection = plain(url)
        self.runs = 0

    def ours(self) -> Sent:
        """The whole path of the product."""
        self._ready(queue.NAME, WORKERS)
        forget(self.connection)
        self.sandbox.reset(keep_knobs=True)
        self.runs += 1
        started = time.time()
        launched = launch(f"benchmark-{self.runs}")
        finished = self._last("message") - started
        self._check(self.sizes.people)
        return Sent(launched, finished)

    def bare(self) -> float:
        """Seconds of the bare loop for as many messages."""
        bare_loop.prepare(self.connection)
        self.sandbox.reset(keep_knobs=True)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            seconds = pool.submit(bare_loop.run, self.conninfo, self.carrier).result()
        self._check(self.sizes.people)
        return seconds

    def one_job_each(self, kind: str, count: int) -> float:
        """Messages per second of one RQ job each, over `count` messages."""
        bare_loop.prepare(self.connection)
        self.sandbox.reset(keep_knobs=True)
        idents = [
            row[0] for row in self.connection.execute("SELECT id FROM bare_message ORDER BY id LIMIT %s", (count,))
        ]
        environment = self.ground.environment(self.url) | one_job_each.settings(
            self.conninfo, self.ground.redis.url, self.carrier
        )
        with processes([["-m", "benchmarks.one_job_each", kind]] * WORKERS, environment):
            self._ready(one_job_each.NAME, WORKERS)
            self.connection.execute("DELETE FROM bare_message WHERE NOT id = ANY(%s)", (idents,))
            started = time.time()
            one_job_each.enqueue(self.ground.redis.url, idents)
            seconds = self._last("bare_message") - started
        self._check(count)
        return count / seconds

    @contextmanager
    def workers(self, **settings: object) -> Iterator[None]:
        """Two real `jetapp worker` processes."""
        environment = self.ground.environment(self.url, self.sandbox, **settings)
        with processes([["-m", "jetapp", "worker"]] * WORKERS, environment):
            self._ready(queue.NAME, WORKERS)
            yield

    def _last(self, table: str) -> float:
        """When the last row was committed, by the clock of the machine."""
        wait(lambda: not self._one(OPEN.format(table=table)), seconds=600)
        return float(self._one(LAST.format(table=table)))

    def _one(self, statement: str) -> Any:
        row = self.connection.execute(statement).fetchone()
        return row[0] if row else None

    def _ready(self, name: str, count: int) -> None:
        with redis.Redis.from_url(self.ground.redis.url) as connection:
            waiting = Queue(name, connection=connection)
            wait(
                lambda: (
                    not waiting.count
                    and [worker.get_state() for worker in Worker.all(queue=waiting)].count("idle") == count
                )
            )

    def _check(self, count: int) -> None:
        stats = self.sandbox.stats()
        if stats["accepted"] != count or any(stats["duplicates"].values()):
            raise RuntimeError(f"{count} messages should have left once each: {stats}")


def run(ground: Ground, sizes: Sizes) -> Iterator[Line]:
    """The lines about sending."""
    url = ground.populated(sizes.people)
    with ExitStack() as stack:
        # Callbacks would only take processor time from whoever is measured, and differently from each.
        sandbox = stack.enter_context(sandbox_process(callback_loss=1.0))
        stack.enter_context(application(ground.environment(url, sandbox)))
        bench = Bench(ground, sizes, url, sandbox)
        with bench.workers():
            yield from _quick_carrier(bench)
            yield from _slow_carrier(bench)
        yield from _limited_carrier(bench)


def _quick_carrier(bench: Bench) -> Iterator[Line]:
    sizes = bench.sizes
    ours: list[Sent] = []
    bare: list[float] = []
    forked: list[float] = []
    simple: list[float] = []
    for _ in range(sizes.repeats):
        ours.append(bench.ours())
        bare.append(sizes.people / bench.bare())
        simple.append(bench.one_job_each("simple", sizes.simple))
        forked.append(bench.one_job_each("fork", sizes.forked))
    rates = [sizes.people / sent.finished for sent in ours]
    rate, name = middle(rates), "launch to last row, carrier 0 ms"
    yield Line("send", name, rate, "msg/s", middle(bare), "bare loop", 0.5, note=f"{spread(rates)} / {spread(bare)}")
    yield Line("send", name, rate, "msg/s", middle(forked), "RQ job each, fork", 40, note=spread(forked))
    yield Line("send", name, rate, "msg/s", middle(simple), "RQ job each, SimpleWorker", 7, note=spread(simple))
    alone = [sizes.people / (sent.finished - sent.launched) for sent in ours]
    yield Line("send", "the same without the launch", middle(alone), "msg/s", middle(bare), "bare loop")
    yield Line("send", "launch of the check, to its commit", middle([sent.launched for sent in ours]), "s")


def _slow_carrier(bench: Bench) -> Iterator[Line]:
    bench.sandbox.set(latency_ms=100)
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(bench.sizes.repeats):
        ours.append(bench.sizes.people / bench.ours().finished)
        bare.append(bench.sizes.people / bench.bare())
    bench.sandbox.set(latency_ms=0)
    note = f"{spread(ours)} / {spread(bare)}"
    yield Line(
        "send", "carrier 100 ms, 2 × 50 in flight", middle(ours), "msg/s", middle(bare), "bare loop", 0.9, note=note
    )


def _limited_carrier(bench: Bench) -> Iterator[Line]:
    rate = bench.sizes.rate
    bench.sandbox.set(segments_per_second=rate)
    with bench.workers(SMS_SEGMENTS_PER_SECOND=rate):
        finished = bench.ours().finished
    segments = bench.sandbox.stats()["segments"]
    refused = bench.sandbox.stats()["refused"]
    bench.sandbox.set(segments_per_second=0)
    yield Line(
        "send",
        f"carrier takes {rate:g} segments/s: last message",
        finished,
        "s",
        segments / rate,
        f"{segments} segments / {rate:g}",
        1.05,
        at_most=True,
        note=f"refused {refused}" if refused else "none refused",
    )
