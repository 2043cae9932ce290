"""The feeds, against a real HTTP server: conditional, each telegram once, replayed after a gap, never trusting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from models.db import db, transaction
from models.disaster import FeedState, SafetyCheck, Telegram
from models.message import Message
from models.types import now
from notifications import settings
from notifications.jma import feed
from notifications.safety import watch
from tests.factories import SENDAI, make_world
from tests.telegrams import cities

pytestmark = pytest.mark.usefixtures("system")


@dataclass
class Files:
    """What the server holds, and what it was asked for."""

    texts: dict[str, bytes] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    slow: set[str] = field(default_factory=set)
    asked: list[tuple[str, bool]] = field(default_factory=list)
    base: str = ""

    def put(self, name: str, data: bytes) -> str:
        self.texts[f"/{name}"] = data
        return f"{self.base}/{name}"

    def feed(self, name: str, *addresses: str) -> None:
        entries = "".join(
            f'<entry><id>{address}</id><updated>2026-01-01T00:00:{i:02d}Z</updated><link href="{address}"/></entry>'
            for i, address in enumerate(addresses)
        )
        self.put(name, f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'.encode())

    def count(self, part: str) -> int:
        return sum(part in path for path, _ in self.asked)


def handler(files: Files) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            data = files.texts.get(self.path, b"")
            status = files.status.get(self.path, 200 if self.path in files.texts else 404)
            etag = f'"{hash(data)}"'
            conditional = self.headers.get("If-None-Match")
            files.asked.append((self.path, conditional is not None))
            if status == 200 and conditional == etag:
                status, data = 304, b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", etag)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            for start in range(0, len(data), 10):
                if self.path in files.slow:
                    time.sleep(0.1)
                try:
                    self.wfile.write(data[start : start + 10])
                    self.wfile.flush()
                except OSError:
                    return

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    return Handler


@pytest.fixture
def files(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    held = Files()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(held))
    server.daemon_threads = True
    held.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    before = settings.current()
    monkeypatch.setattr(
        settings, "_current", type(before)(**{**vars(before), "jma_feeds": (f"{held.base}/eqvol.xml",)})
    )
    held.feed("eqvol.xml")
    held.feed("eqvol_l.xml")
    yield held
    server.shutdown()
    server.server_close()
    thread.join()


def telegram(files: Files, number: int, kind: str = "VXSE53", minutes_ago: float = 3) -> str:
    at = now() - timedelta(minutes=minutes_ago + 1)
    data = cities(
        f"202601010000{number:02d}", {SENDAI.code: "6-"}, at, reported=at + timedelta(minutes=1), serial=number
    )
    return files.put(f"20260101000000_{number}_{kind}_010000.xml", data)


def state() -> FeedState:
    db.session.expire_all()
    return db.session.scalars(sa.select(FeedState)).one()


def test_a_new_telegram_is_fetched_once_and_acted_upon(files: Files) -> None:
    make_world()
    address = telegram(files, 1)
    files.feed("eqvol.xml", address, files.put("20260101000000_0_VPFD50_010000.xml", b"a forecast"))
    (result,) = watch.poll_all()
    assert (result.taken, result.error, result.replayed) == (1, "", True)
    assert db.session.query(Message).count() == 5
    (again,) = watch.poll_all()
    assert (again.changed, again.taken, again.replayed) == (False, 0, False)
    assert files.count("VXSE53") == 1
    assert files.count("VPFD50") == 0, "types we do not read are left"
    assert files.asked[-1] == ("/eqvol.xml", True)
    assert files.count("eqvol_l") == 1
    assert state().read_at is not None


def test_after_a_gap_the_long_feed_is_read_and_nothing_is_fetched_twice(files: Files) -> None:
    make_world()
    first = telegram(files, 1)
    files.feed("eqvol.xml", first)
    watch.poll_all()
    missed, latest = telegram(files, 2), telegram(files, 3)
    files.feed("eqvol_l.xml", first, missed, latest)
    files.feed("eqvol.xml", latest)
    with transaction():
        state().read_at = now() - timedelta(minutes=11)
    (result,) = watch.poll_all()
    assert (result.replayed, result.taken) == (True, 2)
    assert [files.count(f"_{number}_VXSE53") for number in (1, 2, 3)] == [1, 1, 1]


def test_a_telegram_that_is_too_old_when_found_only_proposes(files: Files) -> None:
    make_world()
    files.feed("eqvol_l.xml", telegram(files, 1, minutes_ago=90))
    watch.poll_all()
    assert [check.state.value for check in db.session.query(SafetyCheck)] == ["proposed"]


def test_a_telegram_that_fails_is_tried_again_though_the_feed_has_not_changed(files: Files) -> None:
    make_world()
    address = telegram(files, 1)
    path = address.removeprefix(files.base)
    files.feed("eqvol.xml", address)
    files.status[path] = 503
    (result,) = watch.poll_all()
    assert (result.taken, result.failed) == (0, 1)
    assert "503" in state().error
    del files.status[path]
    (result,) = watch.poll_all()
    assert (result.taken, state().error) == (1, "")


def test_what_has_left_the_feed_before_it_could_be_fetched_is_still_asked_for(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_world()
    address = telegram(files, 1)
    path = address.removeprefix(files.base)
    files.feed("eqvol.xml", address)
    files.status[path] = 404
    watch.poll_all()
    files.feed("eqvol.xml")
    files.feed("eqvol_l.xml")
    later = now() + timedelta(hours=1)
    monkeypatch.setattr(feed, "now", lambda: later)
    watch.poll_all()
    asked = files.count(path)
    watch.poll_all()
    assert files.count(path) == asked, "after ten minutes it is asked for every ten minutes only"
    (reading,) = feed.readings(db.session.execute, settings.current().jma_feeds)
    assert reading.missing == 1
    del files.status[path]
    monkeypatch.setattr(feed, "now", lambda: later + feed.GAP)
    (result,) = watch.poll_all()
    assert (result.taken, state().missing) == (1, {})
    assert db.session.scalars(sa.select(Telegram.source)).all() == [address]


def test_what_cannot_be_fetched_for_days_is_given_up(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    address = telegram(files, 1)
    files.feed("eqvol.xml", address)
    files.status[address.removeprefix(files.base)] = 404
    watch.poll_all()
    files.feed("eqvol.xml")
    files.feed("eqvol_l.xml")
    monkeypatch.setattr(feed, "now", lambda: now() + feed.GIVE_UP + timedelta(minutes=1))
    watch.poll_all()
    assert state().missing == {}


def test_a_feed_that_was_never_read_is_seen(files: Files) -> None:
    urls = settings.current().jma_feeds
    assert [each.silent(20) for each in feed.readings(db.session.execute, urls)] == [True]
    watch.poll_all()
    assert [each.silent(20) for each in feed.readings(db.session.execute, [*urls, "https://a.example/b.xml"])] == [
        False,
        True,
    ]


def test_garbage_in_an_entry_is_stored_and_not_fetched_again(files: Files) -> None:
    files.feed("eqvol.xml", files.put("20260101000000_1_VXSE53_010000.xml", b"<html>busy</html>"))
    watch.poll_all()
    watch.poll_all()
    assert files.count("VXSE53") == 1
    assert db.session.scalars(sa.select(Telegram.error)).one() != ""


@pytest.mark.postgres_only
def test_a_telegram_that_we_fail_at_is_shown_and_does_not_stop_the_next(files: Files) -> None:
    """Keys of 300 characters do not fit into a column of PostgreSQL."""
    make_world()
    at = now() - timedelta(minutes=4)
    bad = files.put("20260101000000_1_VXSE53_010000.xml", cities("9" * 300, {SENDAI.code: "6-"}, at))
    files.feed("eqvol.xml", bad, telegram(files, 2))
    (result,) = watch.poll_all()
    assert (result.taken, result.failed) == (2, 0)
    stored = db.session.scalars(sa.select(Telegram).order_by(Telegram.id)).all()
    assert [bool(row.error) for row in stored] == [True, False]
    assert "by hand" in stored[0].effect
    assert "999" not in stored[0].error, "an error shows no values"
    assert db.session.query(SafetyCheck).count() == 1
    watch.poll_all()
    assert files.count("_1_VXSE53") == 1


@pytest.mark.parametrize(
    ("status", "text"),
    [(403, b""), (500, b""), (302, b""), (200, b"garbage"), (200, b"<html/>"), (200, b"<feed"), (200, b"")],
)
def test_a_feed_that_is_none_is_noted_and_does_not_stop_the_others(
    files: Files, monkeypatch: pytest.MonkeyPatch, status: int, text: bytes
) -> None:
    files.put("bad.xml", text)
    files.feed("bad_l.xml")
    files.status["/bad.xml"] = status
    both = (f"{files.base}/bad.xml", f"{files.base}/eqvol.xml")
    monkeypatch.setattr(settings, "_current", replace(settings.current(), jma_feeds=both))
    bad, good = watch.poll_all()
    assert bad.error
    assert not good.error
    row = db.session.get(FeedState, both[0])
    assert (row.read_at, row.error) == (None, bad.error)
    assert row.asked_at is not None
    assert files.count("elsewhere") == 0


def test_hostile_feeds_are_refused(files: Files) -> None:
    entity = (
        b'<!DOCTYPE f [<!ENTITY a SYSTEM "file:///etc/passwd">]><feed xmlns="http://www.w3.org/2005/Atom">&a;</feed>'
    )
    files.put("eqvol.xml", entity)
    (result,) = watch.poll_all()
    assert "DOCTYPE" in result.error
    files.feed(
        "eqvol.xml", "http://127.0.0.2:1/20260101000000_0_VXSE53_1.xml", "file:///20260101000000_0_VXSE53_1.xml",
        "ftp://127.0.0.1/20260101000000_0_VXSE53_1.xml",
    )  # fmt: skip
    (result,) = watch.poll_all()
    assert (result.entries, result.failed, result.error) == (0, 0, "")


def test_too_large_and_too_slow_answers_are_cut_off(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "FEED_BYTES", 2000)
    files.put("eqvol.xml", b"<feed>" + b" " * 5000)
    assert "larger" in watch.poll_all()[0].error
    files.feed("eqvol.xml", *[f"{files.base}/{i}" for i in range(5)])
    files.slow.add("/eqvol.xml")
    monkeypatch.setattr(feed, "SECONDS_IN_ALL", 0.2)
    assert "longer" in watch.poll_all()[0].error


def test_a_host_that_is_not_there_is_noted(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = ("http://127.0.0.1:9/eqvol.xml",)
    monkeypatch.setattr(settings, "_current", replace(settings.current(), jma_feeds=gone))
    (result,) = watch.poll_all()
    assert "no answer" in result.error
