"""Is the database there, in the right form, safe, and does its clock agree with ours?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from jetapp.checkup.findings import Finding, State, Subject, Trouble, reason
from models.types import db_now, now

MIGRATIONS = Path(__file__).parents[1] / "migrations"
OLDEST_POSTGRESQL = 14
LITTLE_SPACE, NO_SPACE = 1_000_000_000, 100_000_000
SKEW_WARN, SKEW_FAIL = 2.0, 30.0


@contextmanager
def connection(subject: Subject) -> Iterator[Connection]:
    """A connection for reading. Raises `Trouble` when there is no database to connect to."""
    start = "start it, or correct JETAPP_DATABASE_URL"
    if subject.engine is None:
        raise Trouble("JETAPP_DATABASE_URL is no usable address", "correct JETAPP_DATABASE_URL")
    file = sqlite_file(subject.engine.url)
    if file is not None and not file.exists():
        # Connecting would make an empty file, and the next check would look at that.
        raise Trouble(f"there is no database file {file}", "make it: jetapp db upgrade")
    try:
        opened = subject.engine.connect()
    except (sa.exc.SQLAlchemyError, OSError, ImportError) as error:
        raise Trouble(f"cannot connect: {reason(error)}", start) from error
    with opened:
        try:
            yield opened
        except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
            if "no such table" in str(error):
                raise Trouble("the tables are not there", "make them: jetapp db upgrade") from error
            raise Trouble(f"cannot read: {reason(error)}", start) from error
        except sa.exc.ProgrammingError as error:
            raise Trouble(
                f"the tables do not fit: {reason(error)}", "bring them up to date: jetapp db upgrade"
            ) from error


def sqlite_file(url: sa.URL) -> Path | None:
    """The file of an SQLite database; None for other databases and for one in memory."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def database(subject: Subject) -> Finding:
    with connection(subject) as reading:
        if reading.dialect.name == "sqlite":
            mode = str(reading.exec_driver_sql("PRAGMA journal_mode").scalar())
            if mode != "wal":
                return Finding(
                    "database",
                    State.WARN,
                    f"SQLite without write-ahead log ({mode}): readers and writers block each other",
                    "put the file on a local disk of this machine, or use PostgreSQL",
                )
            return Finding("database", State.OK, f"SQLite {_file(subject)}, write-ahead log on")
        number = int(reading.exec_driver_sql("SHOW server_version_num").scalar() or 0)
        shown = f"PostgreSQL {number // 10_000}.{number % 10_000}"
        if number // 10_000 < OLDEST_POSTGRESQL:
            text = f"{shown} is older than what we test on"
            return Finding("database", State.WARN, text, f"move to PostgreSQL {OLDEST_POSTGRESQL} or newer")
        return Finding("database", State.OK, shown)


def _file(subject: Subject) -> str:
    return str(subject.engine.url.database) if subject.engine is not None else ""


def heads() -> set[str]:
    """The newest migration of this version of the product."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return set(ScriptDirectory.from_config(config).get_heads())


def migrations(subject: Subject) -> Finding:
    wanted = heads()
    with connection(subject) as reading:
        present = set(MigrationContext.configure(reading).get_current_heads())
    if present == wanted:
        return Finding("migrations", State.OK, f"at {', '.join(sorted(wanted))}")
    at = ", ".join(sorted(present)) or "nothing"
    text = f"the tables are at {at}, this version needs {', '.join(sorted(wanted))}"
    return Finding("migrations", State.FAIL, text, "back up, then: jetapp db upgrade")


def clock(subject: Subject) -> Finding:
    with connection(subject) as reading:
        before = now()
        theirs = reading.execute(sa.select(db_now())).scalar_one()
        after = now()
    skew = (theirs - (before + (after - before) / 2)).total_seconds()
    if abs(skew) <= SKEW_WARN:
        return Finding("clock", State.OK, f"agrees with the database's ({skew:+.2f} s)")
    state = State.FAIL if abs(skew) > SKEW_FAIL else State.WARN
    text = f"the database's clock differs from this machine's by {skew:+.1f} s"
    return Finding("clock", state, text, "keep both in time by NTP (chrony or systemd-timesyncd)")


def disk(subject: Subject) -> Finding:
    folder = next(path for path in (subject.folder, *subject.folder.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free in {folder}"
    if free >= LITTLE_SPACE:
        return Finding("disk", State.OK, text)
    state = State.FAIL if free < NO_SPACE else State.WARN
    return Finding("disk", state, text, "make room: a full disk stops every message")
