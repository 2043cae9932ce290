"""What was backed up comes back, on both databases, and nothing is overwritten by mistake."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from models.db import db, system_connection, transaction
from models.participant import ContactPoint, Participant
from tests.factories import make_organisation, make_participant
from tests.servers import PostgresServer

Cli = Callable[..., Result]
pytestmark = pytest.mark.usefixtures("system", "programs")


@pytest.fixture
def programs(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of the server's own version."""
    monkeypatch.setenv("PATH", f"{postgres_server._programs}{os.pathsep}{os.environ['PATH']}")


def add_people(count: int) -> None:
    with transaction():
        organisation = make_organisation("04100")
        for number in range(count):
            make_participant(organisation, work="04100", name=f"Person {number}")


def forget_people() -> None:
    with system_connection(db.engine) as connection:
        for table in reversed(db.metadata.sorted_tables):
            if not table.info.get("reference"):
                connection.execute(table.delete())


def people() -> tuple[int, int]:
    counted = tuple(db.session.scalar(sa.select(sa.func.count(model.id))) or 0 for model in (Participant, ContactPoint))
    db.session.rollback()
    return counted  # type: ignore[return-value]


def test_everything_comes_back(app: Flask, cli: Cli, tmp_path: Path) -> None:
    add_people(3)
    before = people()
    file = tmp_path / "backup"
    done = cli("backup", file)
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]

    forget_people()
    assert people() == (0, 0)
    done = cli("restore", file)
    assert done.exit_code == 0, done.output
    assert people() == before


def test_a_database_with_rows_is_replaced_only_when_told(app: Flask, cli: Cli, tmp_path: Path) -> None:
    add_people(1)
    file = tmp_path / "backup"
    assert cli("backup", file).exit_code == 0
    add_people(2)
    refused = cli("restore", file)
    assert refused.exit_code == 1
    assert "not empty" in refused.output
    assert people()[0] == 3
    assert cli("restore", file, "--yes").exit_code == 0
    assert people()[0] == 1


def test_a_file_that_is_there_is_not_overwritten(app: Flask, cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_text("precious")
    refused = cli("backup", file)
    assert refused.exit_code == 1
    assert "there already" in refused.output
    assert file.read_text() == "precious"


def test_something_else_is_not_restored(app: Flask, cli: Cli, tmp_path: Path) -> None:
    add_people(1)
    file = tmp_path / "letter.txt"
    file.write_text("Dear Sir or Madam")
    refused = cli("restore", file, "--yes")
    assert refused.exit_code == 1
    assert "no backup" in refused.output
    assert people()[0] == 1


@pytest.mark.sqlite_only
def test_a_damaged_or_foreign_file_is_not_restored(app: Flask, cli: Cli, tmp_path: Path) -> None:
    add_people(1)
    foreign = tmp_path / "foreign.sqlite"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE recipe (name)")
    connection.close()
    torn = tmp_path / "torn"
    assert cli("backup", torn).exit_code == 0
    torn.write_bytes(torn.read_bytes()[:20_000])
    for file in (foreign, torn):
        refused = cli("restore", file, "--yes")
        assert refused.exit_code == 1
        assert str(file) in refused.output
    assert people()[0] == 1


@pytest.mark.sqlite_only
def test_a_backup_is_of_one_moment_while_others_write(app: Flask, cli: Cli, tmp_path: Path) -> None:
    add_people(1)
    url = str(db.engine.url.database)
    other = sqlite3.connect(url, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM contact_point")
        file = tmp_path / "backup"
        assert cli("backup", file).exit_code == 0
    finally:
        other.execute("ROLLBACK")
        other.close()
    with sqlite3.connect(file) as copy:
        assert copy.execute("SELECT count(*) FROM contact_point").fetchone()[0] == people()[1]
    copy.close()


@pytest.mark.postgres_only
def test_missing_programs_are_named(app: Flask, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    refused = cli("backup", tmp_path / "backup")
    assert refused.exit_code == 1
    assert "pg_dump is not installed" in refused.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.postgres_only
def test_the_word_of_the_program_is_passed_on(
    app: Flask, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump: error: server version mismatch' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    refused = cli("backup", tmp_path / "backup")
    assert refused.exit_code == 1
    assert "server version mismatch" in refused.output
    assert not (tmp_path / "backup").exists()
