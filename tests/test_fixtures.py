"""The ground the other tests stand on: both databases, empty tables, doors that share nothing with the test."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
import sqlalchemy as sa
from click.testing import Result
from flask import Flask, g
from flask.testing import FlaskClient

from jetapp import create_app
from models.account import User
from models.db import db, transaction
from models.errors import ScopeMissing
from models.organisation import Host
from tests.servers import RedisServer


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_begins_with_empty_tables_and_reference_data(turn: int) -> None:
    assert db.session.scalars(sa.select(User)).all() == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Host)) == 47 + 20
    with transaction() as session:
        session.add(User(email="left@example.org", name=f"Left behind in turn {turn}"))


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.usefixtures("app")
def test_every_test_begins_with_an_empty_redis(turn: int, environment: dict[str, str]) -> None:
    with redis.Redis.from_url(environment["JETAPP_REDIS_URL"]) as connection:
        assert connection.dbsize() == 0
        connection.set("left behind", turn)


@pytest.mark.usefixtures("app")
def test_without_an_actor_nothing_can_be_read() -> None:
    with pytest.raises(ScopeMissing):
        db.session.scalars(sa.select(User)).all()


@pytest.mark.sqlite_only
def test_marked_for_sqlite(app: Flask, database_url: str) -> None:
    assert db.engine.dialect.name == "sqlite"
    assert database_url.startswith("sqlite:///")


@pytest.mark.postgres_only
def test_marked_for_postgresql(app: Flask, database_url: str) -> None:
    assert db.engine.dialect.name == "postgresql"
    assert database_url.startswith("postgresql+psycopg://")


def test_runs_on_the_database_it_says(app: Flask, database: str) -> None:
    assert db.engine.dialect.name == database


@pytest.mark.usefixtures("system")
def test_requests_share_neither_context_nor_session_with_the_test(client: FlaskClient) -> None:
    app = client.application
    seen: list[tuple[object, object, bool]] = []
    g.left = "by the test"

    def look() -> None:
        seen.append((g.get("left"), db.session.info.get("actor"), db.session() is of_test))
        g.left = "by a request"

    of_test = db.session()
    app.before_request_funcs.setdefault(None, []).insert(0, look)
    try:
        client.get("/static/app.css")
        client.get("/static/app.css")
    finally:
        app.before_request_funcs[None].remove(look)
    assert seen == [(None, None, False)] * 2
    assert g.left == "by the test"


@pytest.mark.usefixtures("system")
def test_uncommitted_rows_of_the_test_are_noticed_at_the_door(client: FlaskClient) -> None:
    db.session.add(User(email="uncommitted@example.org", name="Not yet"))
    with pytest.raises(AssertionError, match="commit before going through a door"):
        client.get("/static/app.css")


def test_commands_work_on_the_database_of_the_test(cli: Callable[..., Result]) -> None:
    done = cli("db", "upgrade")
    assert done.exit_code == 0, done.output


def test_another_process_works_on_the_database_of_the_test(app: Flask, environment: dict[str, str]) -> None:
    program = (
        "from jetapp import create_app; from models.db import db; import sqlalchemy as sa\n"
        "app = create_app()\n"
        "with app.app_context(), db.engine.connect() as connection:\n"
        "    print(connection.execute(sa.text('SELECT count(*) FROM host')).scalar())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "67"


def test_redis_may_be_on_a_unix_socket(tmp_path: Path) -> None:
    """As `make demo` starts it."""
    with RedisServer(persistent=False) as server:
        assert server.url.startswith("unix://")
        create_app(
            {
                "ENV": "test",
                "SECRET_KEY": "x",
                "DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite'}",
                "REDIS_URL": server.url,
            }
        )
