"""What every benchmark stands on: a durable PostgreSQL, Redis, the sandbox carrier, people in a database."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import urlopen

import psycopg
import sqlalchemy as sa
from flask import Flask

from jetapp.cli.database import upgrade
from jetapp.config import read_settings
from jetapp.demo import service
from jetapp.factory import create_app
from models.access import acting_as, system
from models.db import db, system_connection, transaction
from tests.sandbox_process import AUTH_TOKEN, SENDER, Sandbox
from tests.servers import PostgresServer, RedisServer, free_port

ROOT = Path(__file__).resolve().parent.parent
SEED = 2025
ACTOR = system("benchmark")
PUBLIC_URL = "http://127.0.0.1:9"
"""Nobody listens there: links are only counted, callbacks are switched off or sent by us."""


@dataclass(frozen=True)
class Sizes:
    """How much of everything; the quick set only shows that every benchmark still runs."""

    people: int = 5_933
    many: int = 100_000
    repeats: int = 3
    forked: int = 400
    simple: int = 1_500
    answers: int = 5_933
    callbacks: int = 24_000
    board_runs: int = 15
    rate: float = 100.0


QUICK = Sizes(60, 400, 1, 4, 10, 60, 120, 2, 50.0)


class Ground:
    """The servers of one run. Every measurement of a run uses the same ones."""

    def __init__(self) -> None:
        # The time of each commit, by the server: what "the last row committed" means is then not a matter of polling.
        self.postgres = PostgresServer(durable=True, settings={"track_commit_timestamp": "on"})
        self.redis = RedisServer(tcp=True)
        self._made: set[str] = set()

    def __enter__(self) -> Self:
        self.postgres.start()
        self.redis.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.redis.close()
        self.postgres.close()

    def environment(self, url: str, sandbox: Sandbox | None = None, **settings: object) -> dict[str, str]:
        """The product's settings as environment variables."""
        values: dict[str, object] = {
            "ENV": "test",
            "SECRET_KEY": "only for benchmarks",
            "DATABASE_URL": url,
            "REDIS_URL": self.redis.url,
            "PUBLIC_URL": PUBLIC_URL,
            "SMS_SEGMENTS_PER_SECOND": 0,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "TWILIO_SENDER": SENDER,
        }
        if sandbox is not None:
            values |= {"TWILIO_ACCOUNT_SID": sandbox.account_sid, "TWILIO_API_BASE": sandbox.http}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("JETAPP_")}
        return kept | {f"JETAPP_{name}": str(value) for name, value in (values | settings).items()}

    def populated(self, people: int) -> str:
        """A PostgreSQL database of its own with `people` placed people, one mobile number each and no e-mail."""
        template = f"people_{people}"
        if template not in self._made:
            with application(self.environment(self.postgres.create_database(template))) as app:
                upgrade(app)
                load_people(people)
            self._made.add(template)
        return self.postgres.create_database(f"bench_{people}_{len(os.urandom(4).hex())}", template)


@contextmanager
def application(environment: Mapping[str, str]) -> Iterator[Flask]:
    """The product inside this process, in its context, with its connections closed afterwards."""
    app = create_app(read_settings({n: v for n, v in environment.items() if n.startswith("JETAPP_")}))
    # As wsgi.py and the scheduler do, one of which launches a check.
    gc.collect()
    gc.freeze()
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def load_people(people: int) -> None:
    """The demo population, each with exactly one verified mobile number."""
    with acting_as(ACTOR), transaction() as session:
        service.load(people, SEED)
        session.execute(sa.text("DELETE FROM contact_point"))
        padded = "lpad(id::text, 8, '0')" if db.engine.dialect.name == "postgresql" else "printf('%08d', id)"
        session.execute(
            sa.text(
                "INSERT INTO contact_point (participant_id, channel, value, rank, state, state_reason) "
                f"SELECT id, 'sms', '+8170' || {padded}, 0, 'verified', '' FROM participant"
            )
        )
    tidy()


def tidy() -> None:
    """Let the database know what is in its tables, as it does by itself after a while."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))
    else:
        with system_connection(db.engine) as connection:
            connection.execute(sa.text("ANALYZE"))


def plain(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A plain connection that commits by itself."""
    return psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True)


@contextmanager
def processes(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str]
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Python processes of ours, ended at the end."""
    running = [subprocess.Popen([sys.executable, *command], cwd=ROOT, env=dict(environment)) for command in commands]
    try:
        yield running
    finally:
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def web_server(module: str, environment: Mapping[str, str], ready: str) -> Iterator[int]:
    """gunicorn as for the site, two processes of eight threads; gives the port once `ready` answers."""
    port = free_port()
    command = ["-m", "gunicorn", module, "--bind", f"127.0.0.1:{port}", "--workers", "2", "--worker-class", "gthread"]
    command += ["--threads", "8", "--keep-alive", "75", "--log-level", "warning"]
    with processes([command], environment) as (server,):
        wait(lambda: _answers(f"http://127.0.0.1:{port}{ready}"), server)
        yield port


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def wait(condition: Any, process: subprocess.Popen[bytes] | None = None, seconds: float = 60.0) -> None:
    """Until the condition holds; raises when the process ends or it takes too long."""
    end = time.monotonic() + seconds
    while not condition():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"process {process.args!r} ended with code {process.returncode}")
        if time.monotonic() > end:
            raise TimeoutError(f"not reached within {seconds:g} s")
        time.sleep(0.05)
