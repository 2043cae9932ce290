"""A plant for each test: a migrated PostgreSQL of its own (and its faults), a Redis, a carrier, no process yet."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from jetapp import create_app
from jetapp.cli.database import upgrade
from jetapp.local_servers import RedisServer, free_port
from models.db import db
from notifications import settings as machine
from tests.faults.plant import Plant
from tests.faults.processes import Processes
from tests.sandbox_process import Sandbox, sandbox_process
from tests.servers import PostgresServer

LONG = os.environ.pop("JETAPP_FAULTS_LONG", "") == "1"
TEMPLATE = "fault_template"
QUICK = {
    "SMS_SEGMENTS_PER_SECOND": "0",
    "SEND_TIMEOUT_SECONDS": "1.5",
    "SEND_LEASE_SECONDS": "4",
    "UNKNOWN_WAIT_SECONDS": "1",
    "SWEEP_SECONDS": "0.5",
    "REMINDER_MINUTES": "1440",
}
"""Everything that is waited for, shorter; the lease stays longer than the time-out."""


@pytest.fixture(scope="session")
def fault_postgres() -> Iterator[PostgresServer]:
    """A server these tests may restart. Commit times are kept, to know what was known when a message was claimed."""
    with PostgresServer(settings={"track_commit_timestamp": "on"}) as server:
        yield server


@pytest.fixture(scope="session")
def fault_template(fault_postgres: PostgresServer) -> str:
    watching = (Path(__file__).parent / "watching.sql").read_text()
    _migrate(fault_postgres.create_database(TEMPLATE), watching)
    return TEMPLATE


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A migrated SQLite file."""
    url = f"sqlite:///{tmp_path / 'faults.sqlite'}"
    _migrate(url)
    return url


def _migrate(url: str, *more: str) -> None:
    before = machine.current()
    app = create_app({"ENV": "test", "DATABASE_URL": url, "SECRET_KEY": "faults"})
    upgrade(app)
    with app.app_context():
        with db.engine.begin() as connection:
            for statements in more:
                connection.execute(sa.text(statements))
        db.engine.dispose()
    _install(before)


def _install(before: machine.Settings) -> None:
    machine.install({name.upper(): value for name, value in vars(before).items()})


@pytest.fixture(scope="session")
def fault_sandbox() -> Iterator[Sandbox]:
    with sandbox_process(sent_after_ms=20, delivered_after_ms=50, delivery_jitter_ms=100) as sandbox:
        yield sandbox


@pytest.fixture
def make_plant(
    fault_postgres: PostgresServer, fault_template: str, fault_sandbox: Sandbox, tmp_path: Path
) -> Iterator[Callable[..., Plant]]:
    """Makes the plant of this test with other settings (names without prefix)."""
    made: list[Plant] = []
    before = machine.current()

    def make(**settings: Any) -> Plant:
        if not fault_postgres.running:
            fault_postgres.start()
        redis = RedisServer(persistent=False).start()
        port = free_port()
        fault_sandbox.reset()
        fault_sandbox.set(inbound_url=f"http://127.0.0.1:{port}/webhooks/twilio/inbound")
        values = {
            "ENV": "test",
            "SECRET_KEY": "faults",
            "DATABASE_URL": fault_postgres.create_database("faults", TEMPLATE),
            "REDIS_URL": redis.url,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "TWILIO_ACCOUNT_SID": fault_sandbox.account_sid,
            "TWILIO_AUTH_TOKEN": fault_sandbox.auth_token,
            "TWILIO_API_BASE": fault_sandbox.http,
            "TWILIO_SENDER": fault_sandbox.sender,
            "SMTP_URL": fault_sandbox.smtp,
            "MAIL_FROM": "JET <jet@jetapp.example>",
            **QUICK,
            **{name: str(value) for name, value in settings.items()},
        }
        environment = {f"JETAPP_{name}": value for name, value in values.items()}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            app = create_app()
        plant = Plant(app, environment, redis, fault_postgres, fault_sandbox, Processes(environment, tmp_path), port)
        made.append(plant)
        return plant

    yield make
    for plant in made:
        plant.processes.close()
        with plant.app.app_context():
            db.session.remove()
            db.engine.dispose()
        plant.redis.close()
    _install(before)


@pytest.fixture
def plant(make_plant: Callable[..., Plant]) -> Plant:
    """The plant with quick settings."""
    return make_plant()
