"""What every test stands on: no network, real servers, one application per database, empty tables.

    pytest                     every test that uses a database runs on SQLite and on PostgreSQL
    pytest --db sqlite         only on SQLite (quick, while writing); also --db postgresql

Fixtures: `app`, `client`, `cli`, `system`, `database_url`, `redis_server`, `postgres_server`, `environment`.
Marks: `sqlite_only`, `postgres_only`.
"""

import contextvars
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from click.testing import Result
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from pytest_socket import socket_allow_hosts
from werkzeug.test import TestResponse

from tests.servers import PostgresServer, RedisServer

pytest_plugins = ["tests.browser", "tests.sandbox_process", "tests.notifications.carrier"]

DATABASES = ("sqlite", "postgresql")
LOCAL_HOSTS = ["127.0.0.1", "::1", "localhost", "0.0.0.0"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which databases to run on."""
    parser.addoption("--db", choices=[*DATABASES, "both"], default="both", help="databases to test on (default both)")


def pytest_configure(config: pytest.Config) -> None:
    """The marks of our own."""
    config.addinivalue_line("markers", "sqlite_only: about SQLite itself; not run on PostgreSQL")
    config.addinivalue_line("markers", "postgres_only: needs PostgreSQL (several processes at once, its faults)")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses a database once on each."""
    if "database" in metafunc.fixturenames:
        only = {"sqlite_only": "sqlite", "postgres_only": "postgresql"}
        marked = [name for mark, name in only.items() if metafunc.definition.get_closest_marker(mark)]
        metafunc.parametrize("database", marked or DATABASES, indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the database that was not chosen, and put the tests with a browser at the end.

    Playwright keeps an event loop running in the test's thread as long as the browser is open; `asyncio.run` in a
    later test of the same process would be refused.
    """
    chosen = config.getoption("--db")
    if chosen != "both":
        left_out = [item for item in items if _database_of(item) not in (None, chosen)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _database_of(item) in (None, chosen)]
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))


def _database_of(item: pytest.Item) -> str | None:
    return item.callspec.params.get("database") if hasattr(item, "callspec") else None


@pytest.fixture(autouse=True)
def _no_network() -> None:
    """Connections to anywhere but this machine fail at once."""
    socket_allow_hosts(LOCAL_HOSTS, allow_unix_socket=True)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis of this test process. Emptied before each test that uses `app`."""
    with RedisServer(persistent=False) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of this test process. Tests of its faults start their own `PostgresServer()`."""
    with PostgresServer() as server:
        yield server


class _Applications:
    """One application for each database, made when first asked for and kept until the end."""

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        self._folder = folder
        self._request = request
        self._made: dict[str, Flask] = {}

    def settings(self, database: str) -> dict[str, str]:
        redis: RedisServer = self._request.getfixturevalue("redis_server")
        return {
            "ENV": "test",
            "SECRET_KEY": "only for tests, never anywhere else",
            "DATABASE_URL": self._url(database),
            "REDIS_URL": redis.url,
        }

    def get(self, database: str) -> Flask:
        if database not in self._made:
            settings = self.settings(database)
            if database == "postgresql":
                postgres: PostgresServer = self._request.getfixturevalue("postgres_server")
                postgres.create_database("jetapp_test")
            # Here, so that tests of pure functions do not wait for the whole product to be imported.
            from jetapp.cli.database import upgrade  # noqa: PLC0415
            from jetapp.factory import create_app  # noqa: PLC0415

            app = create_app(settings)
            app.test_client_class = _Client
            upgrade(app)
            self._made[database] = app
        return self._made[database]

    def _url(self, database: str) -> str:
        if database == "sqlite":
            return f"sqlite:///{self._folder / 'jetapp.sqlite'}"
        postgres: PostgresServer = self._request.getfixturevalue("postgres_server")
        return postgres.url("jetapp_test")

    def close(self) -> None:
        for app in self._made.values():
            with app.app_context():
                db = app.extensions["sqlalchemy"]
                db.session.remove()
                db.engine.dispose()


@pytest.fixture(scope="session")
def _applications(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[_Applications]:
    applications = _Applications(tmp_path_factory.mktemp("database"), request)
    yield applications
    applications.close()


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database of this run of the test: "sqlite" or "postgresql"."""
    return str(request.param)


@pytest.fixture
def environment(database: str, _applications: _Applications) -> dict[str, str]:
    """The settings of `app` as environment variables, for a process started by the test."""
    return {f"JETAPP_{name}": value for name, value in _applications.settings(database).items()}


@pytest.fixture
def app(database: str, _applications: _Applications, redis_server: RedisServer) -> Iterator[Flask]:
    """The application, inside its context, with empty tables (reference tables filled) and an empty Redis."""
    application = _applications.get(database)
    if not redis_server.running:
        redis_server.start()
    redis_server.flush()
    with application.app_context():
        db = application.extensions["sqlalchemy"]
        _empty_tables(db)
        yield application
        db.session.rollback()
        db.session.remove()


@pytest.fixture
def database_url(app: Flask, environment: dict[str, str]) -> str:
    """The address of the migrated, empty database of `app`, for a second process or a plain connection."""
    return environment["JETAPP_DATABASE_URL"]


class _Client(FlaskClient):
    """Each request runs in a context of its own, as in production: neither `g` nor the database session of the
    test, nor those of the request before, are seen by it."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        _end_transaction_of_test(self.application)
        kwargs["buffered"] = True
        return contextvars.Context().run(super().open, *args, **kwargs)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a signed-in user; `app.test_client()` gives another one."""
    return app.test_client()


@pytest.fixture
def cli(app: Flask) -> Callable[..., Result]:
    """Runs a command: `cli("hazards", "read", str(path), "--json")`; look at `.exit_code`, `.stdout`, `.stderr`."""
    runner = app.test_cli_runner()

    def run(*arguments: object, input: str | None = None) -> Result:
        _end_transaction_of_test(app)
        words = [str(argument) for argument in arguments]
        return contextvars.Context().run(runner.invoke, args=words, input=input)

    return run


def _end_transaction_of_test(app: Flask) -> None:
    """What the test reads afterwards is what the request or command left behind."""
    if has_app_context():
        session = app.extensions["sqlalchemy"].session
        changed = [*session.new, *session.dirty, *session.deleted]
        assert changed == [], "commit before going through a door"
        session.rollback()


@pytest.fixture
def system(app: Flask) -> Iterator[None]:
    """The test acts as the system: it sees and may write everything."""
    from models import access  # noqa: PLC0415

    with access.acting_as(access.system("test")):
        yield


def _empty_tables(db: SQLAlchemy) -> None:
    """Delete all rows but those of reference tables and of the migration version."""
    from models.db import system_connection  # noqa: PLC0415

    tables = [table for table in reversed(db.metadata.sorted_tables) if not table.info.get("reference")]
    with system_connection(db.engine) as connection:
        if connection.dialect.name == "postgresql":
            # A connection left open by an earlier test must show as an error, not as a hang.
            connection.execute(sqlalchemy.text("SET LOCAL lock_timeout = '10s'"))
        for table in tables:
            connection.execute(table.delete())
