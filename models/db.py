"""The database: the session every actor works with, and the one way to change rows.

Doors (pages, API, CLI, jobs, webhooks) open `transaction()`; domain functions never commit.
"""

from __future__ import annotations

import functools
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import psycopg
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

from models.errors import NotFound, NotInTransaction
from models.types import BigId

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

WRITE = "jetapp_write"
SQLITE_BUSY_SECONDS = 20
DEADLOCK_TRIES = 5
DEADLOCK, NOT_SERIALISED = "40P01", "40001"
IDLE_SECONDS = 30
"""PostgreSQL ends a transaction in which nothing was asked for this long."""


class Base(DeclarativeBase):
    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# Keys and the columns that point at them have one width.
Base.registry.update_type_annotation_map({int: BigId})


class ActorSession(FlaskSession):
    """A session of one actor. `get()` always asks the database, because an object that another actor loaded
    earlier must not come out of the identity map unfiltered."""

    def get(self, entity: Any, ident: Any, **kw: Any) -> Any:
        kw.setdefault("populate_existing", True)
        return super().get(entity, ident, **kw)


db = SQLAlchemy(model_class=Base, session_options={"class_": ActorSession})

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


@event.listens_for(Engine, "connect")
def _sqlite_connect(connection: Any, record: Any) -> None:
    # The driver's own transactions begin late and lose updates silently; we begin ourselves (see _sqlite_begin).
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_SECONDS * 1000}")
        cursor.close()


@event.listens_for(Engine, "connect")
def _postgresql_connect(connection: Any, record: Any) -> None:
    # A process that was frozen or lost inside a transaction holds the sender's row, and everybody waits for it.
    if isinstance(connection, psycopg.Connection):
        connection.execute(f"SET idle_in_transaction_session_timeout = {IDLE_SECONDS * 1000}")
        connection.commit()


@event.listens_for(Engine, "begin")
def _sqlite_begin(connection: Connection) -> None:
    # A writer takes its lock at once: upgrading a read lock later fails with SQLITE_BUSY_SNAPSHOT.
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get(WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")


@contextmanager
def transaction() -> Iterator[Session]:
    """Commit everything done inside, then run what `after_commit()` collected; on any error roll back and forget it.

    Opened by doors only, never inside another one. What was only read before is released first, so that the
    transaction sees the present state.
    """
    session: Session = db.session()
    if session.info.get("transaction"):
        raise NotInTransaction("transaction() inside transaction(): only the door opens it")
    if session.new or session.dirty or session.deleted:
        raise NotInTransaction("rows were changed before transaction() was opened")
    session.rollback()
    session.info["transaction"] = True
    session.info["after_commit"] = []
    try:
        session.connection(execution_options={WRITE: True})
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        session.info["after_commit"] = []
        raise
    finally:
        session.info["transaction"] = False
    for callback in session.info.pop("after_commit", []):
        try:
            callback()
        except Exception:
            # The rows are safe; whatever was to be woken up is found again by the sweeper.
            log.exception("after-commit step failed")


def again_after_deadlock(door: Callable[P, T]) -> Callable[P, T]:
    """Decorator of a door: run it again, from the start, when PostgreSQL ended its transaction to free another one.

    Nothing was committed then, and nobody who answers from the rubble may be told "try again".
    """

    @functools.wraps(door)
    def tried(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(DEADLOCK_TRIES - 1):
            try:
                return door(*args, **kwargs)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) not in (DEADLOCK, NOT_SERIALISED):
                    raise
                log.warning("%s: another transaction went first, trying again", door.__name__)
        return door(*args, **kwargs)

    return tried


def after_commit(callback: Callable[[], object]) -> None:
    """Run `callback` once the present transaction is committed; never if it is rolled back."""
    session: Session = db.session()
    if not session.info.get("transaction"):
        raise NotInTransaction("after_commit() outside transaction()")
    session.info["after_commit"].append(callback)


@contextmanager
def system_connection(engine: Engine) -> Iterator[Connection]:
    """A short writing transaction of the machinery (delivery, receipts), past the actor's session.

    Only for code that never shows a row to anybody: it is not filtered. A lint test lists who may import it.
    """
    with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        yield connection


def lock(model: type[Any], ident: Any) -> Any:
    """The row, locked until the transaction ends (SQLite has locked the whole database already).

    Not against rows that point at it: while a check is locked, its answers and messages come in. Raises
    `models.errors.NotFound` when it is not there or not visible to the actor.
    """
    row = db.session.scalars(
        sa.select(model)
        .where(sa.inspect(model).primary_key[0] == ident)
        .with_for_update(of=model, key_share=True)
        # What this session read before may have been changed by whoever held the lock.
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound()
    return row
