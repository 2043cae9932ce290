"""`jetapp backup FILE` and `jetapp restore FILE`: everything that is recorded, in one file.

SQLite: a consistent copy of the database while it is in use. PostgreSQL: the custom format of pg_dump.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import with_appcontext
from sqlalchemy.engine import Engine

from models.db import db

SQLITE_HEAD = b"SQLite format 3\x00"
POSTGRESQL_HEAD = b"PGDMP"
MACHINERY = frozenset({"alembic_version", "lease", "sender", "feed_state"})
"""Filled by running processes, even where nothing was ever recorded."""


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup_command(file: Path) -> None:
    """Write everything into FILE. The product may go on meanwhile. FILE holds personal data: keep it safe."""
    if file.exists():
        raise click.ClickException(f"{file} is there already; name another file")
    if not file.absolute().parent.is_dir():
        raise click.ClickException(f"there is no folder {file.absolute().parent}")
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    # Before anything is written: what is inside is for the owner only.
    os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY, 0o600))
    try:
        if db.engine.dialect.name == "sqlite":
            _copy(Path(str(db.engine.url.database)), unfinished)
            _check(unfinished)
        else:
            _run("pg_dump", db.engine, ["--format=custom", "--no-owner", "--no-privileges", f"--file={unfinished}"])
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    click.echo(f"{file}: {file.stat().st_size / 1e6:.1f} MB", err=True)


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Replace what is in the database now.")
@with_appcontext
def restore_command(file: Path, yes: bool) -> None:
    """Put the contents of FILE into the database. Stop web, workers and scheduler before."""
    engine = db.engine
    sqlite = engine.dialect.name == "sqlite"
    with file.open("rb") as opened:
        head = opened.read(len(SQLITE_HEAD))
    if sqlite and head != SQLITE_HEAD:
        raise click.ClickException(f"{file} is no backup of an SQLite database")
    if not sqlite and not head.startswith(POSTGRESQL_HEAD):
        raise click.ClickException(f"{file} is no backup of a PostgreSQL database")
    if sqlite:
        _check(file)
    if not yes and (table := _not_empty(engine)):
        raise click.ClickException(f"the database is not empty ({table} has rows); --yes replaces everything in it")
    db.session.remove()
    engine.dispose()
    if sqlite:
        target = Path(str(engine.url.database))
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(file, target)
    else:
        # All or nothing: a restore that fails leaves the database as it was.
        options = ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
        _run("pg_restore", engine, [*options, f"--dbname={engine.url.database}", str(file)])
    click.echo("restored; if the backup is of an older version: jetapp db upgrade", err=True)


def _copy(source: Path, target: Path) -> None:
    """SQLite's online copy: the source may be written to meanwhile, the copy is of one moment."""
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as reading,
            closing(sqlite3.connect(target, timeout=30)) as writing,
        ):
            reading.backup(writing)
            # A copy is one file: nothing of it may stay behind in a log beside it.
            writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise click.ClickException(f"cannot copy {source} to {target}: {error}") from error


def _check(file: Path) -> None:
    """Refuse a file that is damaged or not ours."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
            verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
            revision = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise click.ClickException(f"{file} is not usable: {error}") from error
    if verdict != "ok" or revision is None:
        raise click.ClickException(f"{file} is damaged: {verdict if verdict != 'ok' else 'it names no version'}")


def _not_empty(engine: Engine) -> str | None:
    """The name of a table that holds recorded rows (reference data do not count)."""
    reference = {table.name for table in db.metadata.sorted_tables if table.info.get("reference")}
    with engine.connect() as connection:
        for name in sa.inspect(connection).get_table_names():
            if name in reference or name in MACHINERY:
                continue
            quoted = connection.dialect.identifier_preparer.quote(name)
            if connection.exec_driver_sql(f"SELECT 1 FROM {quoted} LIMIT 1").first():
                return name
    return None


def _run(program: str, engine: Engine, arguments: list[str]) -> None:
    """A program of PostgreSQL on our database. The password goes by the environment: arguments can be seen by all."""
    if shutil.which(program) is None:
        raise click.ClickException(
            f"{program} is not installed here (Debian, Ubuntu: apt-get install postgresql-client)"
        )
    url = engine.url
    names: dict[str, Any] = {
        "PGHOST": url.host or url.query.get("host"),
        "PGPORT": url.port or url.query.get("port"),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": url.query.get("sslmode"),
    }
    environment = {**os.environ, **{name: str(value) for name, value in names.items() if value}}
    done = subprocess.run(
        [program, "--no-password", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise click.ClickException(f"{program} failed: {said[0] if said else f'exit code {done.returncode}'}")
