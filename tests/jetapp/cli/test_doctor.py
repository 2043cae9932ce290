"""Each thing that is missing is named, with what to do about it; and the command itself never hangs or breaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from werkzeug.serving import make_server

from jetapp.checkup import outside
from jetapp.checkup.findings import Finding, State, Subject, all_of, reason
from models.db import db, system_connection, transaction
from models.disaster import FeedState
from models.message import Lease, Message, MessageState, Sender
from models.participant import Channel
from models.types import db_now
from notifications import queue
from notifications import settings as machine_settings
from tests.sandbox_process import AUTH_TOKEN, Sandbox, sandbox, sandbox_server  # noqa: F401 - fixtures
from tests.servers import RedisServer, free_port

Examine = Callable[..., dict[str, dict[str, Any]]]
FEED = "http://feed.example/eqvol.xml"


@pytest.fixture
def examine(app: Flask, cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> Iterator[Examine]:
    """Findings by name, with some settings changed."""

    def run(**settings: object) -> dict[str, dict[str, Any]]:
        for name, value in settings.items():
            monkeypatch.setitem(app.config, name, value)
        done = cli("doctor", "--json")
        report = json.loads(done.stdout)
        assert report["ok"] is (done.exit_code == 0)
        for finding in report["findings"]:
            assert finding["state"] == "ok" or finding["what_to_do"], finding
        return {finding["name"]: finding for finding in report["findings"]}

    yield run
    monkeypatch.undo()
    machine_settings.install(app.config)


@contextmanager
def web(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def provider(carrier: Sandbox, **changes: object) -> dict[str, object]:
    return {
        "TWILIO_ACCOUNT_SID": carrier.account_sid,
        "TWILIO_AUTH_TOKEN": (AUTH_TOKEN,),
        "TWILIO_API_BASE": carrier.http,
        "TWILIO_SENDER": carrier.sender,
        "SMTP_URL": carrier.smtp,
        **changes,
    }


def clock(age: float) -> None:
    with transaction() as session:
        for name in ("deliver", "remind"):
            session.merge(Lease(name=name, until=db_now(), done_at=db_now(-age)))


def message(**values: object) -> None:
    with transaction() as session:
        session.add(Message(key="m", channel=Channel.SMS, address="+819000000000", body="x", **values))


@pytest.mark.usefixtures("system")
def test_all_is_well(
    app: Flask,
    examine: Examine,
    sandbox: Sandbox,  # noqa: F811
    environment: dict[str, str],
) -> None:
    clock(1)
    worker = subprocess.Popen([sys.executable, "-m", "jetapp", "worker"], env={**os.environ, **environment})
    try:
        sandbox.wait(queue.workers, 60)
        with web(app) as url:
            found = examine(**provider(sandbox), PUBLIC_URL=url)
    finally:
        worker.kill()
        worker.wait()
    failed = {name: finding for name, finding in found.items() if finding["state"] == "fail"}
    assert failed == {}
    for name in ("configuration", "database", "migrations", "clock", "workers", "scheduler", "provider", "mail"):
        assert found[name]["state"] == "ok", found[name]


def test_redis_is_not_there(examine: Examine, redis_server: RedisServer) -> None:
    redis_server.stop()
    found = examine()
    assert found["redis"]["state"] == "fail"
    assert "JETAPP_REDIS_URL" in found["redis"]["what_to_do"]
    assert found["workers"]["state"] == "fail"
    assert found["database"]["state"] == "ok"


def test_redis_hangs(examine: Examine, redis_server: RedisServer) -> None:
    redis_server.freeze()
    try:
        found = examine()
    finally:
        redis_server.thaw()
    assert found["redis"]["state"] == "fail"


def test_redis_may_throw_work_away(examine: Examine, redis_server: RedisServer) -> None:
    queue.connect().config_set("maxmemory-policy", "allkeys-lru")
    try:
        found = examine()
    finally:
        queue.connect().config_set("maxmemory-policy", "noeviction")
    assert found["redis"]["state"] == "warn"
    assert "noeviction" in found["redis"]["what_to_do"]


def test_no_worker(examine: Examine) -> None:
    found = examine()["workers"]
    assert found["state"] == "fail"
    assert "jetapp worker" in found["what_to_do"]


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize(("age", "state"), [(None, "fail"), (2, "ok"), (3600, "fail")])
def test_the_scheduler(examine: Examine, age: float | None, state: str) -> None:
    if age is not None:
        clock(age)
    found = examine()["scheduler"]
    assert found["state"] == state
    if state == "fail":
        assert "jetapp scheduler" in found["what_to_do"]


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize(
    ("read", "error", "state"),
    [(None, "no answer", "fail"), (5, "", "ok"), (5, "answered 503", "warn"), (7200, "answered 503", "fail")],
)
def test_the_feed(examine: Examine, read: float | None, error: str, state: str) -> None:
    with transaction() as session:
        session.add(FeedState(url=FEED, read_at=None if read is None else db_now(-read), error=error))
    found = examine(JMA_FEEDS=(FEED,))["feed"]
    assert found["state"] == state
    assert error in found["text"]


def test_a_feed_that_was_never_asked(examine: Examine) -> None:
    found = examine(JMA_FEEDS=(FEED,))["feed"]
    assert found["state"] == "fail"
    assert "never read" in found["text"]
    assert examine(JMA_FEEDS=())["feed"]["state"] == "ok"
    assert examine(JMA_FEEDS=(), ENV="production")["feed"]["state"] == "fail"


def test_the_provider_refuses_our_credentials(examine: Examine, sandbox: Sandbox) -> None:  # noqa: F811
    found = examine(**provider(sandbox, TWILIO_AUTH_TOKEN=("wrong",)))["provider"]
    assert found["state"] == "fail"
    assert "JETAPP_TWILIO_AUTH_TOKEN" in found["what_to_do"]


def test_the_provider_is_not_there(examine: Examine, sandbox: Sandbox) -> None:  # noqa: F811
    nowhere = f"127.0.0.1:{free_port()}"
    found = examine(**provider(sandbox, TWILIO_API_BASE=f"http://{nowhere}", SMTP_URL=f"smtp://{nowhere}"))
    assert found["provider"]["state"] == "fail"
    assert "JETAPP_TWILIO_API_BASE" in found["provider"]["what_to_do"]
    assert found["mail"]["state"] == "fail"
    assert "JETAPP_SMTP_URL" in found["mail"]["what_to_do"]


def test_the_provider_does_not_answer(examine: Examine, sandbox: Sandbox) -> None:  # noqa: F811
    sandbox.set(latency_ms=60_000)
    found = examine(**provider(sandbox, SEND_TIMEOUT_SECONDS=0.2))["provider"]
    assert found["state"] == "fail"


def test_nothing_is_configured(examine: Examine) -> None:
    found = examine()
    assert {found[name]["state"] for name in ("provider", "mail", "sender")} == {"warn"}
    found = examine(ENV="production")
    assert {found[name]["state"] for name in ("provider", "mail")} == {"fail"}


def test_no_sender(examine: Examine, sandbox: Sandbox) -> None:  # noqa: F811
    found = examine(**provider(sandbox, TWILIO_SENDER=""))["sender"]
    assert found["state"] == "fail"
    assert "JETAPP_TWILIO_SENDER" in found["what_to_do"]


@pytest.mark.usefixtures("system")
def test_a_stopped_sender(examine: Examine) -> None:
    with transaction() as session:
        session.add(Sender(channel=Channel.SMS, paused=True, paused_reason="the account is suspended"))
    found = examine()["sender"]
    assert found["state"] == "fail"
    assert "the account is suspended" in found["text"]


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize(("age", "state"), [(1, "ok"), (200, "warn"), (7200, "fail")])
def test_messages_that_wait(examine: Examine, age: float, state: str) -> None:
    message(state=MessageState.PENDING, due_at=db_now(-age))
    assert examine()["waiting"]["state"] == state


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize(("age", "state"), [(60, "ok"), (7200, "warn")])
def test_messages_in_doubt(examine: Examine, age: float, state: str) -> None:
    message(state=MessageState.UNKNOWN, due_at=db_now(-age), submitted_at=db_now(-age))
    assert examine()["doubt"]["state"] == state


def test_older_tables(examine: Examine) -> None:
    with system_connection(db.engine) as connection:
        at = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    try:
        found = examine()["migrations"]
    finally:
        with system_connection(db.engine) as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :at"), {"at": at})
    assert found["state"] == "fail"
    assert "jetapp db upgrade" in found["what_to_do"]


def test_no_database(examine: Examine, tmp_path: Path) -> None:
    for address in (f"sqlite:///{tmp_path / 'none.sqlite'}", f"postgresql+psycopg://a:b@127.0.0.1:{free_port()}/none"):
        found = examine(SQLALCHEMY_DATABASE_URI=address)
        for name in ("database", "migrations", "scheduler", "waiting"):
            assert found[name]["state"] == "fail", found[name]
        assert found["redis"]["state"] != "fail"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.sqlite_only
def test_a_database_without_tables(examine: Examine, tmp_path: Path) -> None:
    file = tmp_path / "empty.sqlite"
    file.touch()
    found = examine(SQLALCHEMY_DATABASE_URI=f"sqlite:///{file}")
    assert found["migrations"]["state"] == "fail"
    assert "jetapp db upgrade" in found["scheduler"]["what_to_do"]


def test_the_public_address(
    app: Flask,
    examine: Examine,
    sandbox: Sandbox,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with web(app) as url:
        assert examine(PUBLIC_URL=url)["address"]["state"] in ("ok", "warn")
        with monkeypatch.context() as patched:
            patched.setattr(outside, "LONGEST_LINK", len(url))
            long = examine(PUBLIC_URL=url)["address"]
        assert long["state"] == "warn"
        assert "shorter" in long["what_to_do"]
        assert examine(PUBLIC_URL=url, ENV="production")["address"]["state"] == "warn"
    assert examine(PUBLIC_URL=f"http://127.0.0.1:{free_port()}")["address"]["state"] == "fail"
    assert examine(PUBLIC_URL=sandbox.http)["address"]["state"] == "fail"
    assert examine(PUBLIC_URL="jet.example")["address"]["state"] == "fail"


def test_no_fonts(examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert examine()["fonts"]["state"] == "warn"


def test_everything_is_broken() -> None:
    settings = {
        "JETAPP_SEND_BATCH": "many",
        "JETAPP_TYPO": "1",
        "JETAPP_DATABASE_URL": "nonsense",
        "JETAPP_REDIS_URL": "also nonsense",
        "JETAPP_SMTP_URL": "smtp://127.0.0.1:port",
        "JETAPP_PUBLIC_URL": "x",
    }
    command = [sys.executable, "-m", "jetapp", "doctor", "--json"]
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    findings = json.loads(done.stdout)["findings"]
    texts = " ".join(finding["text"] for finding in findings if finding["name"] == "configuration")
    for name in ("SEND_BATCH", "TYPO", "DATABASE_URL"):
        assert f"JETAPP_{name}" in texts
    found = {finding["name"]: finding["state"] for finding in findings}
    for name in ("database", "redis", "mail", "address"):
        assert found[name] == "fail"
    assert found["texts"] != "fail"


def test_for_people_it_is_one_line_each_and_the_advice_below(app: Flask, cli: Callable[..., Result]) -> None:
    shown = cli("doctor").stdout
    assert "ok    database" in shown
    assert "→ start at least one: jetapp worker" in shown


def _subject() -> Subject:
    return Subject(machine_settings.Settings(), "", None, Path())


def test_a_check_that_hangs_or_breaks_is_a_finding() -> None:
    never = threading.Event()

    def hangs(_: Subject) -> Finding:
        never.wait()
        return Finding("hangs", State.OK, "")

    def breaks(_: Subject) -> Finding:
        raise ZeroDivisionError("at postgresql://me:secret@host/db\nsecond line")

    def works(_: Subject) -> Finding:
        return Finding("works", State.OK, "fine")

    found = all_of([("hangs", hangs), ("breaks", breaks), ("works", works)], _subject(), 0.2)
    never.set()
    assert [finding.state for finding in found] == [State.FAIL, State.FAIL, State.OK]
    assert "secret" not in found[1].text
    assert "second" not in found[1].text


def test_reasons_hide_passwords() -> None:
    assert reason(OSError("redis://:pass@host and postgresql://u:p%40ss@h/db")) == (
        "redis://:…@host and postgresql://u:…@h/db"
    )
