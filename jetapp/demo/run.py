"""`jetapp demo run`: the whole product on this machine, and an earthquake that goes through it.

Everything is started as in production, as processes of its own that speak to each other by the network; this
process only starts and watches them, publishes the telegram in a feed, and reads the figures.
"""

from __future__ import annotations

import base64
import json
import math
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import Request

import sqlalchemy as sa

from jetapp.demo import figures as counted
from jetapp.demo import place as places
from jetapp.demo.feed import Feed
from jetapp.demo.figures import Figures
from jetapp.demo.place import Place
from jetapp.demo.ports import LOCAL, Ports
from jetapp.demo.processes import Child, DemoError, Stopped, Supervisor
from jetapp.demo.show import Bars, Show
from jetapp.demo.telegram import OURS, Fresh, fresh
from jetapp.local_servers import RedisServer, ServerError, find_redis
from models.errors import DomainError
from models.message import Lease
from models.types import now

WORKERS = 2
START_SECONDS = 90.0
LONGEST_SECONDS = 240.0
"""For all messages of the earthquake to become final; the sender's rate allows thousands in this time."""
QUIET_SECONDS = 3.0
"""No answer for so long after everybody had time to answer: nobody answers any more."""
ANSWER_SECONDS = {True: 20.0, False: 60.0}
"""The latest answer after delivery: in a run that ends by itself, and in one that stays."""
LOOK_SECONDS = 0.3
JMA_FEEDS = "https://www.data.jma.go.jp/developer/xml/feed/eqvol.xml"


@dataclass(frozen=True, slots=True)
class Wishes:
    once: bool = False
    participants: int | None = None
    telegram: Path | None = None
    keep_data: bool = False
    jma: bool = False
    folder: Path = Path(".demo")


def run(wishes: Wishes) -> int:
    """The exit code: 0 when all went well or somebody stopped it, 1 when something was lost, doubled or broken."""
    show = Show()
    try:
        fresh(wishes.telegram or OURS, now())
        lock = places.take(wishes.folder)
    except (DomainError, DemoError, OSError, UnicodeDecodeError) as error:
        show.failure(str(error))
        return 1
    with lock:
        demo = Demo(wishes, show)
        code = 0
        summary: dict[str, Any] | None = None
        try:
            summary = demo.play()
            if not wishes.once:
                demo.stay()
        except Stopped:
            show.say("\nStopping …")
        except (DemoError, ServerError, sa.exc.SQLAlchemyError, OSError) as error:
            show.failure(f"The demo failed: {error}")
            code = 1
        finally:
            demo.stop()
    if summary and wishes.once:
        sys.stdout.write(json.dumps(summary) + "\n")
        sys.stdout.flush()
    if summary and (summary["lost"] or summary["duplicates"]):
        return 1
    return code if summary or code or not wishes.once else 1


class Demo:
    """One run, from the first process to the last."""

    def __init__(self, wishes: Wishes, show: Show) -> None:
        self.wishes, self.show = wishes, show
        self.supervisor = Supervisor(show.say)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.supervisor.on_signal)
        self.redis: RedisServer | None = None
        self.ports: Ports | None = None
        self.feed: Feed | None = None
        self.carrier: Child | None = None
        self.engine: sa.Engine | None = None

    def play(self) -> dict[str, Any]:
        """Start everything, let the earth shake, wait until all messages are final; gives the summary."""
        self.show.title("Starting")
        place = self._prepare()
        self._start(place)
        self.show.say(f"  the site is at {place.web}/, phones and mailboxes at {place.carrier}/")
        summary = self._earthquake(place)
        self.show.addresses(place)
        return summary

    def stay(self) -> None:
        """Keep everything running until somebody stops it."""
        self.show.title("Running. Ctrl-C stops everything.")
        while True:
            self._tend()
            time.sleep(0.5)

    def stop(self) -> None:
        """End everything that was started; safe to call at any moment."""
        self.supervisor.stop()
        if self.redis is not None:
            self.redis.close()
        if self.feed is not None:
            self.feed.close()
        if self.engine is not None:
            self.engine.dispose()
        if self.ports is not None:
            self.ports.close()

    def _prepare(self) -> Place:
        folder = self.wishes.folder.resolve()
        if not self.wishes.keep_data:
            places.empty(folder)
        with self.show.step("Redis"):
            # One of our own, so that nothing of another installation is touched; an address given only in need.
            foreign = os.environ.get("JETAPP_REDIS_URL") if find_redis() is None else None
            self.redis = RedisServer(folder / "redis", url=foreign).start()
            self.supervisor.guard(self.redis.pid)
        ports = self.ports = Ports()
        self.feed = Feed(ports["feed"])
        feeds = [self.feed.url, *([JMA_FEEDS] if self.wishes.jma else [])]
        place = places.prepare(folder, self.redis.url, feeds, ports, ANSWER_SECONDS[self.wishes.once])
        place.write_settings()
        people = ["--participants", str(self.wishes.participants)] if self.wishes.participants else []
        with self.show.step("database"):
            self.supervisor.run(self._child(place, "database", "jetapp", "db", "upgrade"))
        with self.show.step("population"):
            self.supervisor.run(self._child(place, "population", "jetapp", "demo", "load", *people))
        self.engine = sa.create_engine(place.database)
        return place

    def _start(self, place: Place) -> None:
        start = self.supervisor.start
        with self.show.step("carrier, web, workers, scheduler"):
            self.carrier = start(self._child(place, "carrier", "jetapp.sandbox", *places.carrier_command(place)))
            web = self._child(
                place,
                "web",
                *("gunicorn", "wsgi:app", "--bind", f"{LOCAL}:{place.ports['web']}"),
                *("--worker-class", "gthread", "--workers", "2", "--threads", "4", "--graceful-timeout", "3"),
                more={"PROMETHEUS_MULTIPROC_DIR": str(place.folder / "metrics")},
            )
            start(web)
            start(self._child(place, "scheduler", "jetapp", "scheduler"))
            for number in range(1, WORKERS + 1):
                start(self._child(place, f"worker {number}", "jetapp", "worker"))
            self._wait("the start of the carrier", lambda: _carrier_is_ours(place))
            self._wait("the start of the web server", lambda: _web_is_ours(place))
            self._wait("the first round of the scheduler", self._clock_runs)
            self._wait("the first reading of the feed", lambda: self.feed is not None and self.feed.readings > 0)

    def _child(
        self, place: Place, name: str, module: str, *arguments: str, more: dict[str, str] | None = None
    ) -> Child:
        command = [sys.executable, "-m", module, *arguments]
        return Child(name, command, {**place.environment(), **(more or {})}, place.log(name))

    def _earthquake(self, place: Place) -> dict[str, Any]:
        assert self.feed is not None
        assert self.engine is not None
        published = now()
        telegram = fresh(self.wishes.telegram or OURS, published)
        self.show.title(f"Earthquake: {telegram.name} ({telegram.title}) is in the feed")
        self._publish(telegram)
        with Bars(self.show) as bars:
            seen = self._watch(published, bars)
        end = seen.last_finished or published
        seconds = max(0.0, (end - published).total_seconds())
        lost = counted.lost(self.engine, published)
        duplicates = counted.duplicates(self.engine, place.carrier, published)
        self.show.results(seen, seconds, lost, duplicates)
        if self.carrier is not None and self.carrier.restarts:
            self.show.say("  The carrier was started again and forgot what it had got: duplicates count from then on.")
        if not seen.asked:
            self.show.say("  Nobody was asked: no such places, or a running check covers them (then: no --keep-data).")
        return {
            "asked": seen.asked,
            "messages": seen.messages,
            "accepted": seen.accepted,
            "delivered": seen.delivered,
            "answered": seen.answered,
            "lost": lost,
            "duplicates": duplicates,
            "seconds": round(seconds, 1),
        }

    def _publish(self, telegram: Fresh) -> None:
        assert self.feed is not None
        self.feed.publish(telegram)

    def _watch(self, since: datetime, bars: Bars) -> Figures:
        """Follow the figures until every message is final and the answers have come in."""
        assert self.engine is not None
        began = time.monotonic()
        calm_since = began
        before = Figures()
        while True:
            self._tend()
            seen = counted.figures(self.engine, since)
            bars.update(seen)
            moment = time.monotonic()
            if seen != before:
                calm_since, before = moment, seen
            enough = seen.answered >= seen.asked or moment - calm_since > self._patience(seen)
            if seen.effect and not seen.open and enough and moment - calm_since > QUIET_SECONDS:
                return seen
            if moment - began > LONGEST_SECONDS:
                self.show.failure(f"Not everything is final after {LONGEST_SECONDS:g} seconds.")
                return seen
            time.sleep(LOOK_SECONDS)

    def _patience(self, seen: Figures) -> float:
        """How long nothing may happen before we believe that nobody answers any more."""
        if not seen.asked:
            return QUIET_SECONDS
        return QUIET_SECONDS + ANSWER_SECONDS[self.wishes.once] / max(1.0, math.sqrt(seen.asked))

    def _wait(self, what: str, condition: Any) -> None:
        self.supervisor.wait(what, condition, START_SECONDS)

    def _tend(self) -> None:
        self.supervisor.tend()
        if self.redis is not None and not self.redis.running:
            self.show.say("Redis ended and is started again; nothing is lost by that")
            self.redis.start()
            self.supervisor.guard(self.redis.pid)

    def _clock_runs(self) -> bool:
        assert self.engine is not None
        lease = Lease.__table__
        with self.engine.connect() as reading:
            return bool(reading.execute(sa.select(sa.func.count(lease.c.done_at))).scalar_one())


def _web_is_ours(place: Place) -> bool:
    """Something else may answer at the port, even another demo; only ours knows the token."""
    return _answers(f"{place.web}/metrics", f"Bearer {place.settings['JETAPP_METRICS_TOKEN']}")


def _carrier_is_ours(place: Place) -> bool:
    account, token = (place.settings[f"JETAPP_TWILIO_{name}"] for name in ("ACCOUNT_SID", "AUTH_TOKEN"))
    proof = base64.b64encode(f"{account}:{token}".encode()).decode()
    return _answers(f"{place.carrier}/2010-04-01/Accounts/{account}.json", f"Basic {proof}")


def _answers(url: str, authorization: str) -> bool:
    asked = Request(url, headers={"Authorization": authorization})
    with suppress(OSError, HTTPException), counted.DIRECT.open(asked, timeout=2) as answer:
        return bool(answer.status == 200)
    return False
