"""One history of migrations, which makes what the models say, and goes back, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade

from jetapp import create_app
from jetapp.cli.database import MIGRATIONS, load_reference_data
from models.db import Base, db
from tests.servers import PostgresServer

NAME = "migrations_test"


@pytest.fixture
def migrated(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """An application on a database of its own, without any table."""
    if database == "sqlite":
        url = f"sqlite:///{tmp_path / 'migrations.sqlite'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.create_database(NAME)
    app = create_app({"ENV": "test", "SECRET_KEY": "x", "DATABASE_URL": url})
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def history() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    return ScriptDirectory.from_config(config)


def tables() -> set[str]:
    return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_history_has_one_end() -> None:
    assert len(history().get_heads()) == 1
    assert len(history().get_bases()) == 1


@pytest.mark.usefixtures("migrated")
def test_migrations_make_what_the_models_say() -> None:
    upgrade(directory=MIGRATIONS)
    with db.engine.connect() as connection:
        differences = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True}), Base.metadata
        )
    assert differences == []


@pytest.mark.usefixtures("migrated")
def test_every_step_goes_back_and_forth() -> None:
    upgrade(directory=MIGRATIONS)
    made = tables()
    assert made == set(Base.metadata.tables)
    load_reference_data()
    for _ in history().walk_revisions():
        downgrade(directory=MIGRATIONS)
    assert tables() == set()
    upgrade(directory=MIGRATIONS)
    assert tables() == made


@pytest.mark.usefixtures("migrated")
def test_upgrading_twice_changes_nothing() -> None:
    upgrade(directory=MIGRATIONS)
    load_reference_data()
    before = _rows()
    upgrade(directory=MIGRATIONS)
    load_reference_data()
    assert _rows() == before


def _rows() -> dict[str, int]:
    with db.engine.connect() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in Base.metadata.sorted_tables
        }
